#!/bin/sh
# Whatever goes wrong with the list of positions, poller writes no snapshot for
# it, says so in a heartbeat, and goes on: F10 (error or emptiness read as "all
# closed"), F16 (pages), F17 (hedge rows), F22 (odd bodies), F24 (a scope that
# fails), F91 (a status that is no success), F99 (back-off).
#
# Not tested here: what each reply means (test-bybit), each way to page
# (test-poller), clocks and keys (poller-clock.sh, poller-key.sh).
. "$(dirname "$0")/../lib.sh"
requires jq curl

exchange
control limits '{"per_ip":0}'
export SIGNAL_POLL_INTERVAL=0.2 ALLOWED_SYMBOLS=BTCUSDT

# A snapshot of 201 positions takes two pages, one of them after the other.
n=1
while [ "$n" -le 199 ]; do
	printf '{"symbol":"COIN%03dUSDT","side":"Buy","qty":"10"}\n' "$n"
	n=$((n + 1))
done >trades
control balance '{"USDT":"1000000"}'
while read -r trade; do
	control trade "$trade"
done <trades
control trade '{"symbol":"BTCUSDT","side":"Buy","qty":"0.01"}'
control mode '{"symbol":"ETHUSDT","mode":3}'
control trade '{"symbol":"ETHUSDT","side":"Sell","qty":"0.1","positionIdx":2}'

spawn poller "$B/poller"
# The last line may be one that is being written.
rows() {
	grep '"type":"positions"' poller.out | tail -n 2 | jq -R 'fromjson? | .positions | length' | tail -n 1
}
last_beat() {
	grep '"type":"heartbeat"' poller.out | tail -n 1
}
beat() {
	last_beat | is_true "$1"
}
wait_for 10 beat '.ok'
[ "$(rows)" -eq 201 ] || fail "$(rows) rows of 201 positions"

# F17: the other side of a hedge is a position of its own.
control trade '{"symbol":"ETHUSDT","side":"Buy","qty":"0.1","positionIdx":1}'
more() {
	[ "$(rows)" -eq 202 ]
}
wait_for 10 more

# broken NAME FAULT: while FAULT is in force no snapshot is written.
broken() {
	control fault "$2"
	wait_for 20 beat '.ok == false and .retry_in >= 0.5'
	before=$(grep -c '"type":"positions"' poller.out)
	failures=$(grep -c '"ok":false' poller.out)
	wait_for 20 has poller.out '"ok":false' $((failures + 1))
	after=$(grep -c '"type":"positions"' poller.out)
	[ "$before" -eq "$after" ] || fail "$1: a snapshot was written"
	last_beat | grep -q "$3" || fail "$1: $(last_beat)"
	control clear '{}'
	control limits '{"per_ip":0}'
	wait_for 20 beat '.ok'
	[ "$(rows)" -eq 202 ] || fail "$1: $(rows) rows afterwards"
}
list='"path":"/v5/position/list","count":0'
broken 'empty object' "{$list,\"body\":\"{}\"}" 'no retCode'
broken '10016 with a list' "{$list,\"body\":\"{\\\"retCode\\\":10016,\\\"retMsg\\\":\\\"x\\\",\\\"result\\\":{\\\"list\\\":[]}}\"}" 'retCode 10016'
broken 'HTML 502' "{$list,\"status\":502,\"body\":\"<html>Bad</html>\",\"content_type\":\"text/html\"}" 'HTTP 502: <html>Bad</html>'
broken 'page 2' "{$list,\"match\":\"cursor=\",\"retCode\":10000}" 'retCode 10000'
broken 'empty body' "{$list,\"body\":\"\"}" 'empty body'
broken 'truncated' "{$list,\"truncate\":500}" '"error"'
broken 'packed' "{$list,\"gzip_without_header\":true}" 'not whole JSON'
broken 'too large' "{$list,\"size\":20000000}" 'over 8388608 bytes'
broken 'reset' "{$list,\"reset\":\"before\"}" '"error"'

# An empty list for a moment: each position is asked for, and is there.  Twice:
# the first may be a second page, which has other positions.
control fault '{"path":"/v5/position/list","match":"settleCoin","count":2,"empty_list":true}'
empty_seen() {
	has "$JOURNAL" '"path":"/v5/position/list","query":"category=linear&symbol=COIN001USDT"'
}
wait_for 20 empty_seen
wait_for 20 beat '.ok'
[ "$(rows)" -eq 202 ] || fail "an empty list left $(rows) rows"

# A state change is one line in the log, not one a cycle (F99).
[ "$(grep -c retrying poller.log)" -le 12 ] || fail "the log is flooded"
stop poller

# F24: the scope that fails has no line, the other has.
export BYBIT_SETTLE_COINS=USDT,USDC
control balance '{"USDC":"5000"}'
control trade '{"symbol":"BTCPERP","side":"Buy","qty":"0.01"}'
spawn both "$B/poller"
wait_for 10 has both.out '"ok":true'
grep -q '"settle_coin":"USDC","positions":\[{"symbol":"BTCPERP"' both.out || fail "no position of USDC"
control fault '{"path":"/v5/position/list","match":"USDC","count":0,"status":503}'
wait_for 10 has both.out '"ok":false' 2
usdc=$(grep -c '"settle_coin":"USDC"' both.out)
usdt=$(grep -c '"settle_coin":"USDT"' both.out)
wait_for 20 has both.out '"settle_coin":"USDT"' "$((usdt + 2))"
[ "$(grep -c '"settle_coin":"USDC"' both.out)" -eq "$usdc" ] || fail "a line for the scope that fails"
stop both
stop exchange
