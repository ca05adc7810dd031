/*
 * process - webhookd as it runs: what main.c, front.c and start.c share.
 *
 * These three are the process.  They log, and end it where it cannot go on;
 * nothing else of webhookd does.
 */
#ifndef SLUICE_WEBHOOKD_PROCESS_H
#define SLUICE_WEBHOOKD_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "common/alarms.h"
#include "common/decimal.h"
#include "common/stage.h"

struct address_list;
struct api;
struct api_counts;
struct event;
struct event_base;
struct input;
struct intake;
struct intake_answer;
struct json;
struct json_doc;
struct output;
struct request;
struct server;
struct store;
struct store_txn;
struct tls;

struct process {
	struct stage stage;
	struct store *store;
	struct intake *intake;
	struct json_doc *doc;
	struct decimal threshold; /* TREND_THRESHOLD */
	const char *token;

	struct event_base *base;
	struct event *timer, *on_sig, *on_in, *on_out, *on_signals;
	struct address_list *allow, *trust, *prefer;
	struct tls *tls;
	struct server *public, *admin;
	struct api *api;

	struct input *in;
	struct output *out;
	struct output *signals;			/* of -s; NULL without */
	int in_ready, out_ready, signals_ready; /* by libevent */
	int more;	   /* lines that are read already may be there */
	int ended, cut;	   /* the input has; inside a line */
	int out_error;	   /* errno, for good */
	uint64_t connects; /* to risker, as of the last turn */
	uint64_t peers;	   /* on the input, likewise */
	unsigned long long refused; /* requests, 4xx */
	int64_t strangers; /* of them without the token, since the last look */

	struct health health;
	struct alarms alarms;
	int64_t mono_ms, wall_ms; /* of this turn */
	int64_t tick_ms, look_ms; /* monotonic, of the next one */
	int soon;    /* results wait for a commit since the last turn */
	int failing; /* commits do; said in the log */
	int said;    /* the row of this start is in `health` */
};

/*
 * start.c: each opens what its name says, and ends the process (78, 71, 74)
 * where it cannot.  start_undo releases what is there.
 */
void start_settings(struct process *p);
void start_store(struct process *p);
void start_endpoints(struct process *p);
void start_base(struct process *p);
void start_api(struct process *p);
void start_servers(struct process *p);
void start_confine(struct process *p);
void start_undo(struct process *p);

/* front.c: the handlers of the two listeners; arg is the process. */
void front_public(void *arg, struct request *r);
void front_public_gone(void *arg, struct request *r);
void front_public_refused(
    void *arg, const struct request *r, int status, const char *why);
void front_admin(void *arg, struct request *r);
void front_admin_gone(void *arg, struct request *r);
/* How many refusals were not worth a line each; once a second. */
void front_look(struct process *p);
/* The intake's answer to a client, and what an operator did, for the log. */
void front_reply(void *arg, void *client, const struct intake_answer *answer);
void front_note(void *arg, const char *what, const char *who);

/* main.c: the time of now; and what intake.h and api.h ask for. */
void process_time(struct process *p);
int process_ready(void *arg);
int process_hand(void *arg, const char *line, size_t len);
const struct json *process_outcome(void *arg, const char *id);
int process_decided(void *arg, const char *id);
int process_rows(void *arg, struct store_txn *t);
int process_send(void *arg, const char *line, size_t len);
void process_counts(void *arg, struct api_counts *out);

#endif
