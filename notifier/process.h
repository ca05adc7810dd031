/*
 * process - the program around notifier.h: its parts, and how they are set up.
 *
 * Nothing here returns an error: what cannot be opened ends the program.
 */
#ifndef SLUICE_NOTIFIER_PROCESS_H
#define SLUICE_NOTIFIER_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "common/endpoint.h"
#include "common/http.h"
#include "common/stage.h"
#include "common/store.h"
#include "notifier/bot.h"
#include "notifier/hook.h"
#include "notifier/notifier.h"
#include "notifier/printed.h"
#include "notifier/prune.h"
#include "notifier/source.h"
#include "notifier/telegram.h"
#include "notifier/templates.h"
#include "notifier/watch.h"

struct process {
	struct stage stage;
	struct store *store;
	struct notifier *n;
	struct source source;
	struct watch watch;
	struct prune prune;
	struct input *in;
	struct output *out;
	struct http *http;
	struct telegram *telegram;
	struct bot *bot; /* NULL: no commands are taken */
	struct printed printed;
	struct templates *templates;
	struct webhook webhook;
	struct channel channels[6];
	size_t nchannels;
	struct health health;
	struct json_doc *doc;
	struct moment now;

	struct batch batch; /* what is being taken */
	size_t next;	    /* of it */
	int ended;	    /* the input has */
	int cut;	    /* … inside a line */
	int nudged;	    /* there is news in differ's state */

	char journal[JOURNAL_SIZE]; /* of differ's state */
	uint64_t seq;		    /* of its events, the last that was taken */
	char foreign[JOURNAL_SIZE]; /* of lines that are not differ's */
	int64_t orphan_ms;	    /* the first line without a state came; 0 */

	int64_t look_ms, tick_ms; /* monotonic: the next one */
	int64_t blocked_ms;	  /* nothing is tried before, 0: not blocked */
	int64_t wait_ms;	  /* … and then for so long */
	int64_t give_up_ms;	  /* once it is to end: the last try */
};

/* Check the state with the settings (-n: stop here), then open the rest. */
void setup_state(struct process *p);
void setup_rest(struct process *p);

/* Once all is open: the state, and whatever URL a subscriber has. */
void setup_confine(struct process *p);
void setup_release(struct process *p);

#endif
