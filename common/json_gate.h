/*
 * json_gate - is this text JSON, to the letter of RFC 8259 and within bounds?
 *
 * One pass over the text before any tree is built, since the parser behind it
 * takes more than JSON (F43 to F47).  Of use to json.c alone.
 */
#ifndef SLUICE_JSON_GATE_H
#define SLUICE_JSON_GATE_H

#include <stddef.h>

struct buf;
struct json_keys;

/*
 * Check text[0..len); text[len] is a NUL.  One value and nothing behind it;
 * UTF-8; no control byte and no \u0000 in a string, no half of a surrogate
 * pair; at most JSON_DEPTH_MAX deep and JSON_VALUES_MAX values.  The digits of
 * the numbers become the bytes of numbers, each with a NUL, in their order.
 *
 * With keys, *kept becomes the text without the members that are left out, see
 * json_parse_keys, and numbers has those of what is kept.
 *
 * NULL, or what is wrong, with the place of it in *at.
 */
const char *json_gate(const char *text, size_t len, struct buf *numbers,
    const struct json_keys *keys, struct buf *kept, size_t *at);

#endif
