/*
 * poller-fake - an exchange of rules, and a clock that stands still, for the
 * tests of the poller's work.
 */
#ifndef POLLER_FAKE_H
#define POLLER_FAKE_H

#include <stdint.h>

#include "common/buf.h"
#include "poller/poller.h"

/* The first rule that fits a request answers it. */
struct rule {
	const char *in;	  /* a part of "path?query"; NULL ends the rules */
	int status;	  /* HTTP; 0: no reply */
	const char *body; /* NULL: the rows that the test has made */
};

struct fake {
	struct poller *p;
	const struct rule *rules;
	struct json_doc *doc;
	struct buf body;  /* of the reply */
	struct buf made;  /* the body for a rule without one */
	struct buf asked; /* "path?query" a line */
	struct buf out;
	struct buf notes; /* a message a line */
	int64_t now_ms;
	int64_t mono_ms;
	int64_t banned_ms;
	uint64_t requests;
	uint64_t stop_at; /* the request that is interrupted; 0: none */
	int write_errno;
	int64_t next_ms;
};

#define NOW 1700000000000

/* Account main on host h, linear USDT, every 5 s. */
extern const struct poller_opts fake_usdt;

/* At 1 s of monotonic time. */
void fake_start(
    struct fake *f, const struct poller_opts *o, const struct rule *rules);
void fake_end(struct fake *f);

/* A cycle with these rules (NULL: as before); what came before is forgotten. */
enum poller_status fake_cycle(struct fake *f, const struct rule *rules);

/* How often a text occurs. */
int fake_count(struct buf *b, const char *what);

#define OK(result)                                                             \
	"{\"retCode\":0,\"retMsg\":\"OK\",\"result\":" result                  \
	",\"retExtInfo\":{},\"time\":1700000000500}"
#define LIST(rows) OK("{\"nextPageCursor\":\"c%2C1\",\"list\":[" rows "]}")
#define ERROR(code)                                                            \
	"{\"retCode\":" #code ",\"retMsg\":\"said\",\"result\":{\"list\":[]}," \
	"\"retExtInfo\":{},\"time\":1700000000500}"
#define ROW(symbol, idx, side, size, seq)                                      \
	"{\"symbol\":\"" symbol "\",\"positionIdx\":" #idx ",\"side\":\"" side \
	"\",\"size\":\"" size "\",\"openTime\":1,\"seq\":" #seq "}"
#define RECORD(symbol, id, ms)                                                 \
	"{\"symbol\":\"" symbol "\",\"orderId\":\"" id                         \
	"\",\"updatedTime\":\"" ms "\"}"

#define KEY                                                                    \
	{                                                                      \
		"query-api", 200, OK("{\"readOnly\":1,\"userID\":1448939}")    \
	}
#define NO_WALLET                                                              \
	{                                                                      \
		"wallet-balance", 200, ERROR(10005)                            \
	}
#define NO_PNL                                                                 \
	{                                                                      \
		"closed-pnl", 200, LIST("")                                    \
	}
#define NO_MORE                                                                \
	{                                                                      \
		NULL, 0, NULL                                                  \
	}
#define HEAD(type)                                                             \
	"{\"type\":\"" type "\",\"time\":\"2023-11-14T22:13:20.500Z\","        \
	"\"account\":\"main\",\"host\":\"h\",\"uid\":\"1448939\","
#define BEAT                                                                   \
	"{\"type\":\"heartbeat\",\"time\":\"2023-11-14T22:13:20.000Z\","       \
	"\"account\":\"main\",\"host\":\"h\",\"uid\":\"1448939\","             \
	"\"build\":\"b\","

/* An account without positions, records or wallet. */
#define EMPTY_ACCOUNT                                                          \
	{                                                                      \
		KEY, NO_WALLET, NO_PNL, { "position/list", 200, LIST("") },    \
		    NO_MORE                                                    \
	}

#endif
