/*
 * sends: the least that it takes to tell many: libcurl and nothing else.
 *
 *   sends -C CERT -n MESSAGES -c AT_ONCE URL FILE
 *
 * posts the text in FILE to the chats 100000000, 100000001 and so on, in the
 * requests that notifier makes, so many at once over as many connections, and
 * ends when all of them were answered with 200.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/num.h"

#define AT_ONCE_MAX 256
#define FIRST_CHAT INT64_C(100000000)
#define TEXT_MAX 4096

struct chat {
	CURL *easy;
	struct buf body;
};

static struct curl_slist *headers;
static char text[TEXT_MAX];

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "sends: %s\n", what);
	exit(EX_SOFTWARE);
}

static size_t
ignore(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static void
prepare(struct chat *c, const char *url, const char *cert)
{
	c->easy = curl_easy_init();
	if (c->easy == NULL)
		fail("out of memory");
	buf_init(&c->body, 2 * TEXT_MAX);
	curl_easy_setopt(c->easy, CURLOPT_URL, url);
	curl_easy_setopt(c->easy, CURLOPT_CAINFO, cert);
	curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(
	    c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(c->easy, CURLOPT_PRIVATE, (void *)c);
	curl_easy_setopt(c->easy, CURLOPT_TIMEOUT, 20L);
}

static void
post(CURLM *multi, struct chat *c, int64_t number)
{
	buf_clear(&c->body);
	json_open_object(&c->body, NULL);
	json_put_int(&c->body, "chat_id", FIRST_CHAT + number);
	json_put_string(&c->body, "text", text);
	json_put_bool(&c->body, "disable_web_page_preview", 1);
	json_close_object(&c->body);
	if (buf_cstr(&c->body) == NULL)
		fail("out of memory");
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, buf_cstr(&c->body));
	if (curl_multi_add_handle(multi, c->easy) != CURLM_OK)
		fail("unable to begin");
}

/* The chat whose post is over; NULL: none is. */
static struct chat *
finished(CURLM *multi)
{
	long status = 0;
	CURLMsg *m;
	char *c;
	int left;

	do
		m = curl_multi_info_read(multi, &left);
	while (m != NULL && m->msg != CURLMSG_DONE);
	if (m == NULL)
		return NULL;
	curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
	if (m->data.result != CURLE_OK || status != 200)
		fail(curl_easy_strerror(m->data.result));
	curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
	curl_multi_remove_handle(multi, m->easy_handle);
	return (struct chat *)(void *)c;
}

static void
send_all(struct chat *chats, int64_t at_once, int64_t n)
{
	CURLM *multi = curl_multi_init();
	int64_t begun = 0, done = 0;
	struct chat *c;
	int running;

	if (multi == NULL)
		fail("out of memory");
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)at_once);
	for (; begun < at_once && begun < n; begun++)
		post(multi, &chats[begun], begun);
	while (done < n) {
		int64_t before = done;

		if (curl_multi_perform(multi, &running) != CURLM_OK)
			fail("unable to send");
		while ((c = finished(multi)) != NULL) {
			done++;
			if (begun < n)
				post(multi, c, begun++);
		}
		if (done == before &&
		    curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
			fail("unable to wait");
	}
	for (int64_t i = 0; i < at_once; i++) {
		curl_easy_cleanup(chats[i].easy);
		buf_release(&chats[i].body);
	}
	curl_multi_cleanup(multi);
}

int
main(int argc, char *argv[])
{
	static struct chat chats[AT_ONCE_MAX];
	int64_t n = 0, at_once = 0;
	const char *cert = NULL;
	FILE *file;
	int ch;

	while ((ch = getopt(argc, argv, "C:n:c:")) != -1)
		switch (ch) {
		case 'C':
			cert = optarg;
			break;
		case 'n':
			(void)num_parse(
			    optarg, strlen(optarg), 1, 10000000, &n);
			break;
		case 'c':
			(void)num_parse(
			    optarg, strlen(optarg), 1, AT_ONCE_MAX, &at_once);
			break;
		default:
			argc = 0;
		}
	if (argc - optind != 2 || cert == NULL || n == 0 || at_once == 0) {
		fprintf(stderr,
		    "usage: sends -C cert -n messages -c at_once url file\n");
		return EX_USAGE;
	}
	file = fopen(argv[optind + 1], "r");
	if (file == NULL || fread(text, 1, sizeof(text) - 1, file) == 0)
		fail("unable to read the text");
	(void)fclose(file);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fail("unable to start libcurl");
	headers = curl_slist_append(NULL, "Content-Type: application/json");
	for (int64_t i = 0; i < at_once; i++)
		prepare(&chats[i], argv[optind], cert);
	send_all(chats, at_once, n);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	return EX_OK;
}
