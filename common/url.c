#include "common/url.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/num.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define HOST_MAX 253

/* Copies the host, without brackets; the rest of the URL, or NULL. */
static const char *
take_host(const char *p, char host[HOST_MAX + 1])
{
	unsigned char address[16];
	size_t len;

	if (*p == '[') {
		len = strcspn(++p, "]");
		if (p[len] != ']' || len > HOST_MAX)
			return NULL;
		memcpy(host, p, len);
		host[len] = '\0';
		if (inet_pton(AF_INET6, host, address) != 1)
			return NULL;
		return p + len + 1;
	}
	len = strspn(p, LETTERS DIGITS ".-");
	if (len == 0 || len > HOST_MAX || *p == '.' || *p == '-')
		return NULL;
	memcpy(host, p, len);
	host[len] = '\0';
	return p + len;
}

static int
is_loopback(const char *host)
{
	unsigned char address[4];

	return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	    (inet_pton(AF_INET, host, address) == 1 && address[0] == 127);
}

/* What follows host and port; NULL where they are not as they must be. */
static const char *
take_origin(const char *url)
{
	char host[HOST_MAX + 1];
	const char *p;
	int64_t port;
	size_t len;
	int plain;

	plain = strncmp(url, "http://", 7) == 0;
	if (!plain && strncmp(url, "https://", 8) != 0)
		return NULL;
	p = take_host(url + (plain ? 7 : 8), host);
	if (p == NULL || (plain && !is_loopback(host)))
		return NULL;
	if (*p == ':') {
		len = strspn(++p, DIGITS);
		if (num_parse(p, len, 1, UINT16_MAX, &port) == -1)
			return NULL;
		p += len;
	}
	return p;
}

int
url_allowed(const char *url)
{
	const char *p = take_origin(url);

	if (p == NULL || *p == '\0')
		return p != NULL;
	return *p == '/' && strspn(p, LETTERS DIGITS "/._~%+-") == strlen(p);
}

int
url_reachable(const char *url)
{
	const char *p = take_origin(url);

	if (p == NULL || *p == '\0')
		return p != NULL;
	return (*p == '/' || *p == '?') &&
	    strspn(p, LETTERS DIGITS "/._~%+-:@!$&'()*,;=?[]") == strlen(p);
}
