/*
 * trader-fake - trader's work against a small Bybit and a clock of our own.
 *
 * BTCUSDT at 47500, one-way unless a test says so, and ETHUSDT, of which no
 * position is shown; orders fill at once as they are booked.  Replies come in
 * the turn after the call. Quantities are thousandths of a coin.
 */
#ifndef SLUICE_TESTS_TRADER_FAKE_H
#define SLUICE_TESTS_TRADER_FAKE_H

#include "common/buf.h"
#include "trader/internal.h"

#define FAKE_ORDERS_MAX 64
#define FAKE_CALLS_MAX 64
#define FAKE_ROWS_MAX 64
#define FAKE_WALL 1795257000000 /* 2026-11-21T10:30:00Z */

enum fake_create {
	FAKE_BOOK,    /* booked, and said */
	FAKE_LOSE,    /* booked, and the reply is lost */
	FAKE_SWALLOW, /* never arrives; no reply either */
	FAKE_LIMIT,   /* 10006: certainly not booked */
	FAKE_REFUSE,  /* 110007: refused for good */
	FAKE_VAIN,    /* 110017: reduceOnly in vain */
	FAKE_TWICE,   /* booked, and called a duplicate: 10014 */
};

struct fake_order {
	char link[LINK_MAX + 1];
	char side;
	int qty, filled;
	int64_t seen_mono; /* in the lists from then on */
};

struct fake_call {
	char path[64];
	char payload[1024];
	void (*done)(void *arg, const struct bybit_reply *r);
	void *arg;
};

struct fake {
	struct trader *t;
	struct trader_opts opts;
	int64_t mono, wall;
	int64_t skew; /* Bybit's clock less ours */
	struct fake_call calls[FAKE_CALLS_MAX];
	size_t ncalls;
	char rows[FAKE_ROWS_MAX][2][8192]; /* link id and row */
	size_t nrows;
	char caps[8192]; /* as it was stored; "" before */
	struct buf said;
	char logged[256]; /* alarms: "+NAME;" opened, "-NAME;" over */

	/* Bybit. */
	struct fake_order orders[FAKE_ORDERS_MAX];
	size_t norders;
	char side; /* of the position; 0: flat */
	int size, seq, stop;
	int hedge;     /* then it is that of idx 1, … */
	int hedged;    /* … and this the size of the short of idx 2 */
	int done;      /* updatedTime of orders; 0: it is not given */
	int opened;    /* openTime: how many there were; 0: it is not given */
	char was_side; /* the row that is shown until show_mono */
	int was_size, was_seq, was_stop;
	int64_t show_mono;
	int creates;	    /* order/create requests */
	int64_t until_mono; /* of the last one; 0: it may go out any time */
	int requests;	    /* of any kind */
	int stops;	    /* trading-stop requests */
	int tick;	    /* stops are rounded down to it, thousandths; 0 */
	int leverages;
	const char *wallet; /* result of wallet-balance; NULL: 10000 */
	int isolated;	    /* the margin mode */

	/* What tests ask for. */
	enum fake_create script[8]; /* of the next creates; then FAKE_BOOK */
	size_t nscript, at;
	int percent[8]; /* of the next bookings that fills, else 100 */
	size_t npercent, atp;
	int64_t order_lag, position_lag;
	const char *shown_in; /* the one path that shows orders; NULL: both */
	int looks_fail;	      /* look-ups of orders end with an error */
	int foreign;	      /* … or answer with somebody else's order */
	const char *alien; /* the link id of an order that is not ours, … */
	int64_t alien_ms;  /* … and when it was made */
	int mark;	   /* price; 0: 47500 */
	int stops_refused;
	int stops_late; /* trading-stop sees no more than the row shows */
	int stops_lost; /* set, but the reply is lost, and it shows late */
	int halted, unwritable; /* the file; it cannot be made */
	const char *held;	/* a path whose replies do not come; NULL */
	int deaf;		/* no reply comes at all */
	int key_expired;	/* 33004 to everything */
	int most;		/* of a reduceOnly order that is booked; 0 */
	int denied;		/* lists call what fills cancelled, unfilled */
};

void fake_start(struct fake *f);
void fake_end(struct fake *f);

/* For cmocka: *state is a fake that has run until equity and mode are known. */
int fake_setup(void **state);
int fake_teardown(void **state);

/*
 * Killed, and started again on what was stored.  arrive: requests that were on
 * their way have their effect.
 */
void fake_crash(struct fake *f, int arrive);

/* A turn of the clock by ms; commit 0: killed before it is stored. */
void fake_turn(struct fake *f, int64_t ms, int commit);

/* Turns of 10 ms until so many ms are over. */
void fake_run(struct fake *f, int64_t ms);

/* An order line of alert n, as of now; action "buy", "sell" or "close". */
void fake_line(char *out, size_t size, const struct fake *f, int n,
    const char *action, const char *more);
enum trader_taken fake_take(
    struct fake *f, const char *line, int perhaps, int look_only);
/* Both. */
void fake_alert(struct fake *f, int n, const char *action);

/* What becomes of the next creates. */
void fake_script(struct fake *f, size_t n, const enum fake_create *script);
#define FAKE_SCRIPT(f, ...)                                                    \
	fake_script(f,                                                         \
	    sizeof((enum fake_create[]){ __VA_ARGS__ }) /                      \
		sizeof(enum fake_create),                                      \
	    (enum fake_create[]){ __VA_ARGS__ })

/* The state in the row of alert n with that suffix ("-0"), or "". */
const char *fake_state(const struct fake *f, int n, const char *suffix);
/* Requests that were booked with that link id. */
int fake_booked(const struct fake *f, int n, const char *suffix);
/* How often a result of alert n was said. */
int fake_said(struct fake *f, int n);
/* 1 where the alarm of that name is open. */
int fake_alarm(const struct fake *f, const char *name);

/* That alert has that state; a long of that size stands, with its stop. */
void fake_expect(
    const struct fake *f, int n, const char *suffix, const char *state);
void fake_expect_stands(const struct fake *f, int size);

#endif
