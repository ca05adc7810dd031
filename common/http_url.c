#include "common/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/http_internal.h"
#include "common/log.h"
#include "common/num.h"

/* A part of a parsed URL; NULL where absent.  curl_free it. */
static char *
url_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	CURLUcode rc = curl_url_get(u, part, &text, CURLU_DEFAULT_PORT);

	/* Else it would be called absent. */
	if (rc == CURLUE_OUT_OF_MEMORY)
		die(EX_OSERR, "out of memory");
	return rc == CURLUE_OK ? text : NULL;
}

static CURLU *
url_parse(const char *url)
{
	CURLU *u = must_have(curl_url());
	CURLUcode rc = curl_url_set(u, CURLUPART_URL, url, 0);

	/* Else it would be called a bad URL. */
	if (rc == CURLUE_OUT_OF_MEMORY)
		die(EX_OSERR, "out of memory");
	if (rc != CURLUE_OK) {
		curl_url_cleanup(u);
		u = NULL;
	}
	return u;
}

int
http_host(const char *url, char *out, size_t size)
{
	CURLU *u = url_parse(url);
	char *host = u != NULL ? url_part(u, CURLUPART_HOST) : NULL;
	const char *p = host;
	size_t n;
	int rc = -1;

	if (host == NULL) {
		errno = EINVAL;
		goto out;
	}
	n = strlen(host);
	if (n >= 2 && host[0] == '[') {
		p = host + 1;
		n -= 2;
	}
	if (n >= size) {
		errno = ERANGE;
		goto out;
	}
	memcpy(out, p, n);
	out[n] = '\0';
	rc = 0;
out:
	curl_free(host);
	curl_url_cleanup(u);
	return rc;
}

uint16_t
http_port(const char *url)
{
	CURLU *u = url_parse(url);
	char *text = u != NULL ? url_part(u, CURLUPART_PORT) : NULL;
	int64_t port = 0;

	if (text != NULL)
		(void)num_parse(text, strlen(text), 1, UINT16_MAX, &port);
	curl_free(text);
	curl_url_cleanup(u);
	return (uint16_t)port;
}

void
call_describe(struct call *c, const struct http_request *r)
{
	CURLU *u = url_parse(r->url);
	char *host = u != NULL ? url_part(u, CURLUPART_HOST) : NULL;
	char *path = u != NULL && !r->path_is_secret
	    ? url_part(u, CURLUPART_PATH)
	    : NULL;
	char *bot = path != NULL ? strstr(path, "/bot") : NULL;

	if (bot != NULL)
		*bot = '\0';
	snprintf(c->where, sizeof(c->where), "%s%s%s", host != NULL ? host : "",
	    path != NULL ? path : "", bot != NULL ? "/bot***" : "");
	curl_free(host);
	curl_free(path);
	curl_url_cleanup(u);
}
