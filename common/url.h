/*
 * url - which URLs a setting or an address may hold.
 */
#ifndef SLUICE_URL_H
#define SLUICE_URL_H

/*
 * 1 for https://HOST[:PORT][/PATH], and for http:// where HOST is loopback
 * (localhost, 127.x.x.x, [::1]); without user, query and fragment.  Else 0.
 */
int url_allowed(const char *url);

/*
 * 1 for the same with a query, and with every character in path and query that
 * may stand there.
 */
int url_reachable(const char *url);

#endif
