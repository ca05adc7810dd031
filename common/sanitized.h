/*
 * sanitized - whether this build has the address sanitizer (gcc, clang).
 *
 * At the end it looks for leaks with a child that traces its parent, and it
 * reads files to name the lines of what it finds: SANITIZED is defined where
 * that must not be held up.
 */
#ifndef SLUICE_SANITIZED_H
#define SLUICE_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#endif
