/*
 * url - which URLs a setting may hold.
 */
#ifndef SLUICE_URL_H
#define SLUICE_URL_H

/*
 * 1 for https://HOST[:PORT][/PATH], and for http:// where HOST is loopback
 * (localhost, 127.x.x.x, [::1]); without user, query and fragment.  Else 0.
 */
int url_allowed(const char *url);

#endif
