/*
 * service - what `finish` of the services (scripts/sv) left for a person.
 *
 * Where the stages run as services, `services` in the state folder leads to
 * their home.  In its folder alarm/ stand STAGE.down, for a service that was
 * taken down, until it is started; and STAGE.failing, for one that failed four
 * times in a row or more, which counts till it has lived for six minutes: that
 * long the file is not written again.
 */
#ifndef SLUICE_SERVICE_H
#define SLUICE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

struct confine;

enum service_trouble { SERVICE_DOWN, SERVICE_FAILING, SERVICE_TROUBLES };

#define SERVICE_TEXT_SIZE 512

/* The i-th stage that is a service; NULL past the end. */
const char *service_stage(size_t i);

/* The alarm's name, without the stage's: "service_down". */
const char *service_alarm(enum service_trouble which);

/*
 * 1 where the stage has that trouble: text is what finish says, in printable
 * ASCII, cut where it is too long.  0 where not, or where nothing can be read:
 * without services there is nothing.
 */
int service_trouble(const char *dir, const char *stage,
    enum service_trouble which, int64_t now_ms, char text[SERVICE_TEXT_SIZE]);

/* What service_trouble reads stays open to a process that is to be confined. */
void service_confine(struct confine *c, const char *dir);

#endif
