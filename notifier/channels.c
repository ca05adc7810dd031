#include "notifier/channels.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "common/url.h"
#include "notifier/roll.h"

#define SECRET_MIN 12 /* bytes */

static const char name_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";

static int
chat_ok(const char *s)
{
	int64_t id;

	if (s[0] == '@')
		return s[1] != '\0' &&
		    s[1 + strspn(s + 1, name_letters)] == '\0';
	return num_parse(s, strlen(s), INT64_MIN, INT64_MAX, &id) == 0 &&
	    id != 0;
}

/* A URL, and perhaps '#' with what the messages are signed with. */
static int
signed_ok(const char *s)
{
	const char *mark = strchr(s, '#');
	char url[ADDRESS_SIZE];
	size_t len = mark != NULL ? (size_t)(mark - s) : strlen(s);

	if (len >= sizeof(url))
		return 0;
	memcpy(url, s, len);
	url[len] = '\0';
	return url_reachable(url) &&
	    (mark == NULL ||
		(strlen(mark + 1) >= SECRET_MIN && roll_text_ok(mark + 1)));
}

#define URL "a URL, https, or http to loopback"

static const struct {
	const char *name;
	int (*address_ok)(const char *s);
	const char *expected;
} channels[] = {
	{ "telegram", chat_ok, "a chat id, as 123456789, or @name" },
	{ "webhook", signed_ok,
	    URL ", and perhaps # and a secret of 12 bytes" },
	{ "discord", url_reachable, URL },
	{ "slack", url_reachable, URL },
	{ "ntfy", url_reachable, URL " with the topic" },
	{ "stdout", roll_text_ok, "any text in UTF-8" },
};

/* What is neither a URL nor meant to be one. */
static int
may_quote(const char *name, const char *address)
{
	return address[0] == '\0' ||
	    (strcmp(name, "telegram") == 0 && strchr(address, '/') == NULL);
}

int
channel_check(const char *name, const char *address, char *err, size_t size)
{
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		if (strcmp(name, channels[i].name) != 0)
			continue;
		if (address[0] != '\0' && channels[i].address_ok(address))
			return 0;
		(void)snprintf(err, size, "address '%.80s' of %s: expected %s",
		    may_quote(name, address) ? address : "***", name,
		    channels[i].expected);
		return -1;
	}
	(void)snprintf(
	    err, size, "channel '%.80s': expected " CHANNEL_NAMES, name);
	return -1;
}
