/*
 * operator - what the operator may ask of the bot: status, halt, resume.
 *
 * A halt is made before the update is noted as dealt with, so that it holds
 * whatever happens then; to halt twice is to halt once.  A resume names the
 * very halt that it is to end, by a code that the first /resume is answered
 * with; so neither a slip of the finger nor an old message resumes, and done
 * again it does not end another halt.
 */
#ifndef SLUICE_NOTIFIER_OPERATOR_H
#define SLUICE_NOTIFIER_OPERATOR_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "notifier/notifier.h"
#include "notifier/said.h"

/*
 * An older /halt, /resume is not carried out.  To halt late is safe; after an
 * hour it is another day's thought.
 */
#define OPERATOR_HALT_MS INT64_C(3600000)
#define OPERATOR_RESUME_MS INT64_C(300000)

struct settings;
struct watch;

struct operator_desk {
	struct notifier *n;
	struct watch *watch; /* the other stages' states */
	const struct settings *settings;
	const char *dir;
};

/*
 * Whether it is for us to carry out: a command of an operator, said in private
 * or in OPERATOR_CHAT.
 */
int operator_said(const struct operator_desk *d, const struct said *said);

/* What can be done before the update is noted: the halt.  Once an update. */
struct halted {
	int rc;	   /* of halt_set */
	int error; /* errno */
};
struct halted operator_halt(
    const struct operator_desk *d, const struct said *said, struct moment now);

/*
 * The rest of it, and the answer into b; outside of any transaction.  again:
 * the update was dealt with before, and has no effect.
 */
void operator_answer(const struct operator_desk *d, const struct said *said,
    struct halted halted, int again, struct moment now, struct buf *b);

#endif
