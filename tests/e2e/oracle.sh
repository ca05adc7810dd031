#!/bin/sh
# tests/oracle finds what it is there to find: a journal in which nothing is
# wrong, and the same with one thing wrong at a time.
#
# Not tested: I2 and I4 against a state, which every trade-*.sh does that
# breaks them when the programs do.
. "$(dirname "$0")/../lib.sh"
requires jq

id=0123456789abcdef0123456789abcdef other=fedcba9876543210fedcba9876543210
# create TIME LINK BOOKED [MORE]: an order/create; fill TIME LINK; stood TIME
# SIDE SIZE STOP: the position from then on.
create() {
	jq -nc --arg t "2026-11-21T11:$1Z" --arg l "$2" --argjson b "$3" --argjson more "${4:-{\}}" '{time: $t, n: 1, method: "POST",
	    path: "/v5/order/create", status: 200, booked: $b, body: ({symbol: "BTCUSDT", side: "Buy", qty: "1", orderLinkId: $l} + $more | tojson)}'
}
fill() {
	jq -nc --arg t "2026-11-21T11:$1Z" --arg l "$2" '{type: "fill", time: $t, symbol: "BTCUSDT", positionIdx: 0, side: "Buy", qty: "1", orderLinkId: $l}'
}
stood() {
	jq -nc --arg t "2026-11-21T11:$1Z" --arg side "$2" --arg size "$3" --arg stop "$4" '{type: "position", time: $t, symbol: "BTCUSDT", positionIdx: 0,
	    side: $side, size: $size, stopLoss: $stop}'
}
# finds EXPECTED FILE...: what the oracle says of a journal of these, by the
# number of the invariant.
finds() {
	expected=$1
	shift
	cat "$@" | jq -sc 'sort_by(.time)[]' >journal
	status=0
	"$top/tests/oracle" journal >found || status=$?
	found=$(sed 's/:.*//' found | paste -sd ' ')
	[ "$found" = "$expected" ] || fail "$*: expected '$expected', not '$found': $(cat found)"
	[ "$status" -eq "$([ -z "$expected" ] && echo 0 || echo 1)" ] || fail "$*: exit $status"
}

{
	create 00:00.000 $id-0 true
	fill 00:00.000 $id-0
	stood 00:00.000 Buy 1 0
	stood 00:00.000 Buy 1 46550
	create 00:30.000 $id-0 false
	create 00:31.000 ${id}-0x true '{"reduceOnly":true}'
	create 00:32.000 ${id}-0xa true '{"reduceOnly":true}'
	stood 00:32.000 '' 0 0
	create 00:40.000 foreign-1 true
	fill 00:40.000 foreign-1
	stood 00:40.000 Sell 1 0
	stood 10:00.000 '' 0 0
} >good
finds '' good

create 00:33.000 $id-0 true >twice
finds 'I1 I1' good twice # one link id, and one alert
create 00:33.000 $id-1 true >again
finds I1 good again
create 00:33.000 $id-1 true '{"reduceOnly":true}' >leg
finds '' good leg
create 00:33.000 some-1 false >nobody
finds I4 good nobody
create 00:33.000 '' true >unnamed
finds I4 good unnamed

# Twelve seconds without a stop, and a little more; till the end of the journal.
{
	create 20:00.000 $other-1 true '{"reduceOnly":false}'
	fill 20:00.000 $other-1
	stood 20:00.000 Buy 1 0
} >open
stood 20:12.000 Buy 1 46550 >in_time
stood 20:12.001 Buy 1 46550 >late
stood 20:30.000 '' 0 0 >closed
finds '' open in_time closed
finds I3 open late closed
finds I3 open closed
jq -nc '{time: "2026-11-21T11:20:12.001Z", n: 9, method: "GET", path: "/v5/market/time"}' >end
finds I3 open end
# Another fill does not start the clock again, nor a stop that was there once.
stood 20:11.000 Buy 2 0 >more
finds I3 open more late
stood 20:02.000 Buy 1 46550 >set
finds I3 open set more closed
