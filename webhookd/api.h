/*
 * api - what an operator asks: GET /status, the operator's listener.
 *
 * Everything is answered from the states of the programs, read in place, but
 * for signals by hand: those go to differ as a line, and are answered when
 * differ's line comes back.
 */
#ifndef SLUICE_WEBHOOKD_API_H
#define SLUICE_WEBHOOKD_API_H

#include <stddef.h>

struct api;
struct event_base;
struct json;
struct request;
struct server;
struct settings;
struct store;

/* What webhookd itself knows, for /metrics and /status. */
struct api_counts {
	unsigned long long alerts;     /* taken, test ones among them */
	unsigned long long duplicates; /* answered with what was known */
	unsigned long long refused;    /* 4xx before risker */
	unsigned long long results;    /* result lines taken */
	unsigned long long waiting;    /* requests without an answer yet */
	int risker;		       /* connected */
};

struct api_opts {
	struct event_base *base;
	const struct settings *settings;
	const char *dir; /* the state folder */
	/*
	 * webhookd's own, for its alarms: a second handle cannot be had.  Read
	 * in short transactions, so nothing of api is to be called inside one.
	 * NULL: none.
	 */
	struct store *store;
	/*
	 * Write a line (with its newline) to the endpoint of -s.  0, or -1
	 * where there is none or differ is not connected.
	 */
	int (*send)(void *arg, const char *line, size_t len);
	void (*counts)(void *arg, struct api_counts *out);
	/* An operator did something, or somebody had a wrong token: for the
	 * log; what, and who.  Or NULL. */
	void (*note)(void *arg, const char *what, const char *who);
	void *arg;
};

/*
 * NULL with a message in err: ADMIN_LISTEN is no loopback address and there is
 * no ADMIN_TOKEN.
 */
struct api *api_new(const struct api_opts *o, char *err, size_t size);
void api_free(struct api *a);

/* The listener that guesses of ADMIN_TOKEN are counted in; once it is there. */
void api_set_server(struct api *a, struct server *operators);

/* A request of the operator's listener, whatever it is. */
void api_request(struct api *a, struct request *r);

/* The client has gone: forget the request. */
void api_gone(struct api *a, struct request *r);

/* GET /status of the public listener: alarms are not named there. */
void api_status(struct api *a, struct request *r);

/* A line of type signal came on the input: an answer may wait for it. */
void api_signal(struct api *a, const struct json *line);

/*
 * The result line of an alert, as the state of trader or risker has it; NULL
 * where there is none, or not yet.  Valid until the next call of api.
 */
const struct json *api_outcome(struct api *a, const char *id);

/* Whether risker has decided on an alert: 1, 0, or -1 where its state cannot
 * be read. */
int api_decided(struct api *a, const char *id);

#endif
