/*
 * genlines: `positions` lines to measure with, the same for the same options.
 *
 *   genlines [-n lines] [-m positions] [-c changes] [-s seed]
 *
 * Each line shows m positions of one linear scope with all the fields of
 * Bybit's rows; mark prices move in every line.  About `changes` of the rows
 * open, grow, shrink or close on the way, the last two with their closed_pnl
 * record.  The number of signals that this must give goes to standard error,
 * so that a measurement also checks what it measures.  Prices and sizes are
 * whole numbers of cents and thousandths: nothing here is a double.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/num.h"

#define MAX_POSITIONS 1000

struct position {
	int side;      /* 1 long, -1 short, 0 none */
	int64_t size;  /* thousandths */
	int64_t entry; /* cents */
	int64_t mark;  /* cents */
	int64_t seq;
	int64_t since;	/* ms */
	int shown_flat; /* this line shows it with size 0 */
	int64_t closed; /* thousandths closed in this line */
	int closed_side;
};

static uint64_t state;

/* xorshift64*: good enough to scatter changes, and short. */
static uint64_t
rnd(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * UINT64_C(2685821657736338717)) % below;
}

/* Change p at time now; returns the number of signals this must give. */
static int
change(struct position *p, int64_t now)
{
	uint64_t kind = rnd(100);
	int64_t by;

	p->seq += 1 + (int64_t)rnd(50);
	if (p->side == 0) {
		p->side = rnd(2) == 0 ? 1 : -1;
		p->size = 1000 + (int64_t)rnd(20000);
		p->entry = p->mark;
		p->since = now;
		return 1;
	}
	if (kind < 45) {
		p->size += 1 + (int64_t)rnd(5000);
		return 1;
	}
	by = kind < 80 ? 1 + (int64_t)rnd((uint64_t)p->size) : p->size;
	p->closed = by;
	p->closed_side = p->side;
	p->size -= by;
	if (p->size == 0) {
		p->side = 0;
		p->shown_flat = 1;
	}
	return 1;
}

static void
print_row(const struct position *p, int i, int64_t now)
{
	const char *side = p->side == 0 ? "" : p->side > 0 ? "Buy" : "Sell";
	int64_t pnl = p->side * (p->mark - p->entry) * p->size / 1000;

	printf("{\"positionIdx\":0,\"riskId\":1,\"riskLimitValue\":\"2000000\","
	       "\"symbol\":\"B%03dUSDT\",\"side\":\"%s\","
	       "\"size\":\"%" PRId64 ".%03" PRId64 "\","
	       "\"avgPrice\":\"%" PRId64 ".%02" PRId64 "\",",
	    i, side, p->size / 1000, p->size % 1000,
	    p->side == 0 ? 0 : p->entry / 100, p->entry % 100);
	printf(
	    "\"positionValue\":\"%" PRId64 "\",\"tradeMode\":0,"
	    "\"positionStatus\":\"Normal\",\"autoAddMargin\":0,"
	    "\"adlRankIndicator\":2,\"leverage\":\"10\","
	    "\"positionBalance\":\"0\","
	    "\"markPrice\":\"%" PRId64 ".%02" PRId64 "\",\"liqPrice\":\"\","
	    "\"bustPrice\":\"\",\"positionMM\":\"0.13582190\","
	    "\"positionMMByMp\":\"0.13582190\",\"positionIM\":\"11.36077190\","
	    "\"positionIMByMp\":\"11.36077190\",\"tpslMode\":\"Full\",",
	    p->entry * p->size / 100000, p->mark / 100, p->mark % 100);
	printf("\"takeProfit\":\"0.00\",\"stopLoss\":\"0.00\","
	       "\"trailingStop\":\"0.00\",\"unrealisedPnl\":\"%" PRId64 "\","
	       "\"curRealisedPnl\":\"0.06173723\","
	       "\"cumRealisedPnl\":\"-0.06173723\",\"sessionAvgPrice\":\"\","
	       "\"seq\":%" PRId64 ",\"isReduceOnly\":false,"
	       "\"mmrSysUpdatedTime\":\"\",\"leverageSysUpdatedTime\":\"\","
	       "\"createdTime\":\"1676538056258\",\"openTime\":%" PRId64 ","
	       "\"updatedTime\":\"%" PRId64 "\"}",
	    pnl / 100, p->seq, p->side == 0 ? 0 : p->since, now);
}

static void
print_record(const struct position *p, int i, int64_t order, int64_t now)
{
	printf("{\"symbol\":\"B%03dUSDT\",\"orderId\":\"%016" PRIx64 "\","
	       "\"side\":\"%s\",\"orderType\":\"Market\",\"leverage\":\"10\","
	       "\"execType\":\"Trade\","
	       "\"closedSize\":\"%" PRId64 ".%03" PRId64 "\","
	       "\"avgEntryPrice\":\"%" PRId64 ".%02" PRId64 "\","
	       "\"avgExitPrice\":\"%" PRId64 ".%02" PRId64 "\","
	       "\"closedPnl\":\"%" PRId64 "\",\"fillCount\":\"1\","
	       "\"createdTime\":\"%" PRId64 "\",\"updatedTime\":\"%" PRId64
	       "\"}",
	    i, order, p->closed_side > 0 ? "Sell" : "Buy", p->closed / 1000,
	    p->closed % 1000, p->entry / 100, p->entry % 100, p->mark / 100,
	    p->mark % 100,
	    p->closed_side * (p->mark - p->entry) * p->closed / 100000, now,
	    now);
}

static int64_t
number(const char *s, int64_t max)
{
	int64_t n;
	size_t len = 0;

	while (s[len] != '\0')
		len++;
	if (num_parse(s, len, 0, max, &n) == -1) {
		fprintf(stderr, "genlines: '%s': expected 0 to %" PRId64 "\n",
		    s, max);
		exit(EX_USAGE);
	}
	return n;
}

int
main(int argc, char *argv[])
{
	static struct position pos[MAX_POSITIONS];
	int64_t lines = 5000, changes = 2400, left, now = 1700000000000;
	int64_t order = 0, signals = 0, line;
	char time[TIME_TEXT_MAX];
	const char *comma;
	int ch, i, m = 20;

	state = 88172645463325252u;
	while ((ch = getopt(argc, argv, "c:m:n:s:")) != -1)
		switch (ch) {
		case 'c':
			changes = number(optarg, INT32_MAX);
			break;
		case 'm':
			m = (int)number(optarg, MAX_POSITIONS);
			break;
		case 'n':
			lines = number(optarg, INT32_MAX);
			break;
		case 's':
			state += (uint64_t)number(optarg, INT32_MAX);
			break;
		default:
			fprintf(stderr,
			    "usage: genlines [-c changes] "
			    "[-m positions] [-n lines] [-s seed]\n");
			return EX_USAGE;
		}
	for (i = 0; i < m; i++)
		pos[i] = (struct position){ .mark = 100000 + 137 * i,
			.seq = 5000000000 + i };
	left = changes;
	for (line = 0; line < lines; line++, now += 1000) {
		for (i = 0; i < m; i++) {
			struct position *p = &pos[i];

			p->mark += (int64_t)rnd(401) - 200;
			if (p->mark < 1000)
				p->mark = 1000;
			p->shown_flat = 0;
			p->closed = 0;
			/* The first line opens all; then evenly to the end. */
			if (line == 0 ||
			    (left > 0 &&
				rnd((uint64_t)((lines - line) * m)) <
				    (uint64_t)left)) {
				left -= line > 0;
				signals += change(p, now);
			}
		}
		printf("{\"type\":\"positions\",\"time\":\"%s\","
		       "\"account\":\"main\",\"category\":\"linear\","
		       "\"settle_coin\":\"USDT\",\"positions\":[",
		    time_format(time, now));
		comma = "";
		for (i = 0; i < m; i++)
			if (pos[i].side != 0 || pos[i].shown_flat) {
				fputs(comma, stdout);
				print_row(&pos[i], i, now);
				comma = ",";
			}
		fputs("],\"closed_pnl\":[", stdout);
		comma = "";
		for (i = 0; i < m; i++)
			if (pos[i].closed > 0) {
				fputs(comma, stdout);
				print_record(&pos[i], i, ++order, now);
				comma = ",";
			}
		fputs("]}\n", stdout);
	}
	fprintf(stderr, "%" PRId64 "\n", signals);
	if (fflush(stdout) != 0) {
		perror("genlines");
		return EX_IOERR;
	}
	return EX_OK;
}
