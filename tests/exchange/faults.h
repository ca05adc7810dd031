/*
 * faults - what is to go wrong, as asked for over /control/fault.
 */
#ifndef SLUICE_EXCHANGE_FAULTS_H
#define SLUICE_EXCHANGE_FAULTS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/exchange/request.h"

#define FAULTS_MAX 32

struct fault {
	char path[64]; /* prefix */
	char method[8];
	char match[128]; /* in the query or the body; "": any */
	int64_t skip;
	int64_t count;	  /* how often still; 0: until cleared */
	const char *kind; /* for the journal */
	int no_effect;	  /* the call is not carried out */
	int has_code;
	int64_t code;
	char text[256]; /* retMsg */
	int status;	/* 0: as it would be */
	char *body;	/* NULL: as it would be */
	char content_type[64];
	enum delivery delivery;
	int64_t delay_ms, drip_ms, bytes, stale_ms;
	int empty_list;
	/* Verbs to be carried out before and after the call; NULL: none. */
	char *first, *then;
};

struct faults {
	struct fault list[FAULTS_MAX];
	size_t n;
};

/* Take one on; with dry, only look.  0, or -1 with err. */
int faults_add(
    struct faults *f, const struct json *v, int dry, char *err, size_t size);
void faults_clear(struct faults *f);

/*
 * The first that fits the request and is not used up: counts it down and puts
 * what it does to the views into the request.  NULL: none.  Valid until
 * faults_add or faults_clear.
 */
const struct fault *faults_next(struct faults *f, struct request *r);

/* What it does to the reply: instead of one (no effect), or to the one made. */
void fault_apply(const struct fault *f, int64_t now_ms, struct reply *rep);

#endif
