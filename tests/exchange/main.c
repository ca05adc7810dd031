/*
 * exchange: a stand-in for Bybit's v5 exchange, and for Telegram, on loopback.
 *
 * See README.md for what it knows, and how to make it fail.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sig.h"
#include "tests/exchange/exchange.h"
#include "tests/exchange/front.h"

static struct exchange exchange;

static const char usage_text[] =
    "usage: exchange -l ADDRESS:PORT [-k KEY] [-s SECRET] [-m MARKET]\n"
    "                [-j JOURNAL] [-C CERT -K PRIVATE_KEY]\n";

_Noreturn static void
usage(void)
{
	(void)fputs(usage_text, stderr);
	exit(EX_USAGE);
}

struct options {
	const char *listen, *key, *secret, *market, *journal, *cert, *cert_key;
};

static void
take_options(struct options *o, int argc, char *argv[])
{
	int ch;

	*o = (struct options){ .key = "test_api_key", .secret = "test_secret" };
	while ((ch = getopt(argc, argv, "C:K:hj:k:l:m:s:")) != -1)
		switch (ch) {
		case 'C':
			o->cert = optarg;
			break;
		case 'K':
			o->cert_key = optarg;
			break;
		case 'h':
			(void)fputs(usage_text, stdout);
			exit(EX_OK);
		case 'j':
			o->journal = optarg;
			break;
		case 'k':
			o->key = optarg;
			break;
		case 'l':
			o->listen = optarg;
			break;
		case 'm':
			o->market = optarg;
			break;
		case 's':
			o->secret = optarg;
			break;
		default:
			usage();
		}
	if (argc != optind || o->listen == NULL ||
	    (o->cert == NULL) != (o->cert_key == NULL))
		usage();
}

int
main(int argc, char *argv[])
{
	struct options o;
	struct front *f;
	char err[256];

	log_init(argv[0]);
	take_options(&o, argc, argv);
	log_secret(o.secret);
	if (sig_init() == -1)
		die(EX_OSERR, "unable to start: %s", strerror(errno));
	exchange_init(&exchange, o.key, o.secret);
	if (o.market != NULL &&
	    script_read(&exchange, o.market, err, sizeof(err)) == -1)
		die(EX_CONFIG, "%s", err);
	if (o.journal != NULL) {
		exchange.journal = fopen(o.journal, "ae");
		if (exchange.journal == NULL)
			die(EX_CANTCREAT, "unable to open %s: %s", o.journal,
			    strerror(errno));
	}
	f = front_open(
	    &exchange, o.listen, o.cert, o.cert_key, err, sizeof(err));
	if (f == NULL)
		die(EX_CONFIG, "%s", err);
	(void)printf("{\"type\":\"listening\",\"url\":\"%s\"}\n", front_url(f));
	if (fflush(stdout) != 0)
		die(EX_IOERR, "unable to say where: %s", strerror(errno));
	if (front_run(f, sig_fd()) == -1)
		die(EX_OSERR, "unable to serve: %s", strerror(errno));
	front_close(f);
	exchange_release(&exchange);
	if (exchange.journal != NULL && fclose(exchange.journal) != 0)
		die(EX_IOERR, "unable to close %s: %s", o.journal,
		    strerror(errno));
	return EX_OK;
}
