/*
 * hook: what a status means, bodies, titles and signatures; and which address
 * is one of a channel's.
 *
 * Not tested here: requests on the wire (tests/e2e/notifier-hooks.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"
#include "notifier/channels.h"
#include "notifier/hook.h"

static void
a_status_has_a_meaning(void **state)
{
	static const struct {
		enum http_outcome outcome;
		int status;
		const char *retry_after;
		enum outcome_kind kind;
		int64_t wait_ms;
	} cases[] = {
		{ HTTP_REPLY, 200, "", OUTCOME_DELIVERED, 0 },
		{ HTTP_REPLY, 204, "", OUTCOME_DELIVERED, 0 },
		{ HTTP_REPLY, 301, "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 400, "", OUTCOME_REFUSED, 0 },
		{ HTTP_REPLY, 401, "", OUTCOME_REFUSED, 0 },
		{ HTTP_REPLY, 403, "", OUTCOME_REFUSED, 0 },
		{ HTTP_REPLY, 404, "", OUTCOME_GONE, 0 },
		{ HTTP_REPLY, 408, "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 410, "", OUTCOME_GONE, 0 },
		{ HTTP_REPLY, 413, "", OUTCOME_REFUSED, 0 },
		{ HTTP_REPLY, 429, "2", OUTCOME_WAIT, 2000 },
		/* No time at all would be to ask without end. */
		{ HTTP_REPLY, 429, "0", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "0.2501", OUTCOME_WAIT, 251 },
		{ HTTP_REPLY, 429, "3600", OUTCOME_WAIT, 3600000 },
		{ HTTP_REPLY, 429, "3601", OUTCOME_WAIT, 3600000 },
		{ HTTP_REPLY, 429, "99999999999999999", OUTCOME_WAIT, 3600000 },
		{ HTTP_REPLY, 429, "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "-1", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "soon", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "Sun, 06 Nov 1994 08:49:07 GMT",
		    OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 429, "Sun, 06 Nov 2094 08:49:07 GMT",
		    OUTCOME_WAIT, 3600000 },
		{ HTTP_REPLY, 500, "", OUTCOME_RETRY, 0 },
		{ HTTP_REPLY, 503, "9", OUTCOME_RETRY, 0 },
		{ HTTP_NOT_SENT, 0, "", OUTCOME_RETRY, 0 },
		{ HTTP_UNKNOWN, 0, "", OUTCOME_RETRY, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reply r = { .outcome = cases[i].outcome,
			.status = cases[i].status,
			.error = "host: no",
			.ms = 7 };
		struct outcome o;

		snprintf(r.retry_after, sizeof(r.retry_after), "%s",
		    cases[i].retry_after);
		hook_judge(&o, &r);
		if (o.kind != cases[i].kind || o.wait_ms != cases[i].wait_ms)
			fail_msg("%d '%s': kind %d, wait %lld", cases[i].status,
			    cases[i].retry_after, (int)o.kind,
			    (long long)o.wait_ms);
		assert_int_equal(o.ms, 7);
		assert_int_equal(
		    o.reason[0] == '\0', o.kind == OUTCOME_DELIVERED);
	}
}

/* printf '{"seq":1}' | openssl dgst -sha256 -hmac 'key'; and RFC 4231, 2. */
static void
signatures_are_those_of_others(void **state)
{
	static const struct {
		const char *secret, *body, *mac;
	} cases[] = {
		{ "Jefe", "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ "key", "{\"seq\":1}",
		    "4e2f6d3bce7034cfc587a1ec5875294c"
		    "4a288fbc42cd9eda2cb441d410eafae2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expect[128];
		struct buf b;

		buf_init(&b, 128);
		snprintf(expect, sizeof(expect), "X-Signature: sha256=%s",
		    cases[i].mac);
		assert_int_equal(webhook_signature(&b, cases[i].secret,
				     cases[i].body, strlen(cases[i].body)),
		    0);
		assert_string_equal(buf_cstr(&b), expect);
		buf_release(&b);
	}
}

static void
bodies_are_escaped(void **state)
{
	static const struct {
		const struct hook_text *kind;
		const char *text, *expect;
	} cases[] = {
		{ &discord_text, "Trade #1\n-1.5 a_b*c\n# d\n  > e <@1> \\",
		    "{\"content\":\"Trade #1\\n\\\\-1.5 a\\\\_b\\\\*c\\n"
		    "\\\\# d\\n  \\\\> e \\\\<\\\\@1\\\\> \\\\\\\\\","
		    "\"allowed_mentions\":{\"parse\":[]}}" },
		{ &slack_text, "a & b <!here> *c* \"d\"",
		    "{\"text\":\"a &amp; b &lt;!here&gt; *c* \\\"d\\\"\","
		    "\"mrkdwn\":false}" },
		{ &slack_text, "", "{\"text\":\"\",\"mrkdwn\":false}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b;

		buf_init(&b, 4096);
		assert_int_equal(
		    hook_text_body(&b, cases[i].kind, cases[i].text), 0);
		assert_string_equal(buf_cstr(&b), cases[i].expect);
		buf_release(&b);
	}
}

/* The words were encoded by base64(1). */
static void
titles_are_ascii(void **state)
{
	static const struct {
		const char *text, *expect;
	} cases[] = {
		{ "Trade 1\nmore", "Title: Trade 1" },
		{ "a\rX-Evil: 1", "Title: a" },
		{ "a\tb", "Title: =?UTF-8?B?YQli?=" },
		{ "=?UTF-8?Q?x?=", "Title: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=" },
		{ "\xd0\xa1\xd0\xb4\xd0\xb5\xd0\xbb\xd0\xba\xd0\xb0 1",
		    "Title: =?UTF-8?B?0KHQtNC10LvQutCwIDE=?=" },
		/* Two bytes each, 22 of them to a word. */
		{ "\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6"
		  "\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6"
		  "\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6"
		  "\xd0\xb6\xd0\xb6",
		    "Title: =?UTF-8?B?0LbQttC20LbQttC20LbQttC20LbQttC20LbQttC2"
		    "0LbQttC20LbQttC20LY=?= =?UTF-8?B?0LY=?=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b;

		buf_init(&b, 4096);
		ntfy_title(&b, cases[i].text);
		assert_string_equal(buf_cstr(&b), cases[i].expect);
		buf_release(&b);
	}
}

static void
addresses_are_checked(void **state)
{
	static const struct {
		const char *channel, *address;
		int good;
	} cases[] = {
		{ "telegram", "-1001", 1 },
		{ "telegram", "https://example.com/", 0 },
		{ "webhook", "https://example.com", 1 },
		{ "webhook", "https://example.com:8443/a/b?c=d&e=f:g", 1 },
		{ "webhook", "https://example.com/#twelve-bytes", 1 },
		{ "webhook", "https://example.com/#eleven-byte", 0 },
		{ "webhook", "https://example.com/#", 0 },
		{ "webhook", "http://127.0.0.1:80/x", 1 },
		{ "webhook", "http://[::1]/x", 1 },
		{ "webhook", "http://localhost/x", 1 },
		{ "webhook", "http://localhost.example.com/x", 0 },
		{ "webhook", "http://example.com/x", 0 },
		{ "webhook", "http://127.0.0.1@example.com/x", 0 },
		{ "webhook", "https://user:word@example.com/x", 0 },
		{ "webhook", "https://example.com/a b", 0 },
		{ "webhook", "https://example.com/a\nb", 0 },
		{ "webhook", "file:///etc/passwd", 0 },
		{ "webhook", "", 0 },
		{ "discord", "https://discord.com/api/webhooks/1/a-B_c", 1 },
		{ "discord", "https://discord.com/#not-a-secret", 0 },
		{ "slack", "https://hooks.slack.com/services/T0/B0/x", 1 },
		{ "ntfy", "https://ntfy.sh/topic", 1 },
		{ "ntfy", "topic", 0 },
		{ "stdout", "x", 1 },
		{ "stdout", "", 0 },
		{ "pigeon", "x", 0 },
		{ "", "x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char err[256] = "";
		int rc = channel_check(
		    cases[i].channel, cases[i].address, err, sizeof(err));

		if ((rc == 0) != cases[i].good)
			fail_msg("%s %s: %d %s", cases[i].channel,
			    cases[i].address, rc, err);
		assert_int_equal(err[0] == '\0', cases[i].good);
		/* A URL may hold a token (F35). */
		assert_null(strstr(err, "example.com/"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_has_a_meaning),
		cmocka_unit_test(signatures_are_those_of_others),
		cmocka_unit_test(bodies_are_escaped),
		cmocka_unit_test(titles_are_ascii),
		cmocka_unit_test(addresses_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
