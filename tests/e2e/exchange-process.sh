#!/bin/sh
# The stand-in as a process: options, bad scripts, TLS, what stays when it
# ends; and the trader's day of the demonstration, played fast.
#
# Not tested: running out of descriptors or memory.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
. "$top/tests/tls.sh"
requires jq curl

# expect STATUS PATTERN ARG...: ends at once, and says why.
expect() {
	status=$1 pattern=$2
	shift 2
	got=0
	timeout 10 "$B/exchange" "$@" >out 2>err || got=$?
	is "exchange $*" "$status" "$got"
	grep -q -- "$pattern" err || fail "exchange $*: no '$pattern' in: $(cat err)"
	[ ! -s out ] || fail "exchange $*: it said that it listens"
}
expect 64 usage:
expect 64 usage: -l 127.0.0.1:0 more
expect 64 usage: -l 127.0.0.1:0 -C cert.pem
expect 64 usage: -x
expect 78 'a loopback address is expected' -l 0.0.0.0:0
expect 78 'ADDRESS:PORT is expected' -l 127.0.0.1
expect 78 'ADDRESS:PORT is expected' -l 127.0.0.1:65536
expect 78 'no.ndjson: No such file' -l 127.0.0.1:0 -m no.ndjson
expect 78 'cert.pem: a PEM file' -l 127.0.0.1:0 -C cert.pem -K key.pem

# A bad line: file and line, before anything is served.
line() {
	printf '%s\n' '{"at":0,"price":{"BTCUSDT":"45000"}}' "$1" >bad.ndjson
	expect 78 'bad.ndjson: line 2: ' -l 127.0.0.1:0 -m bad.ndjson
	grep -q -- "$2" err || fail "no '$2' in: $(cat err)"
}
line 'x' 'line 2'
line '{"price":{"BTCUSDT":"45000"}}' 'at: seconds'
line '{"at":-1,"price":{"BTCUSDT":"45000"}}' 'at: seconds'
line '{"at":1}' 'nothing happens'
line '{"at":1,"price":{},"trade":{}}' 'one thing a line'
line '{"at":1,"jump":{}}' 'jump is nothing'
line '{"at":1,"price":{"BTCUSD T":"1"}}' 'is no instrument'
line '{"at":1,"price":{"BTCUSDT":"0.05"}}' 'multiple of its tick'
line '{"at":1,"glide":{"BTCUSDT":"45000"}}' 'for: seconds'
line '{"at":1,"trade":{"symbol":"BTCUSDT","side":"Long","qty":"1"}}' 'side: Buy or Sell'
line '{"at":1,"trade":{"symbol":"BTCUSDT","side":"Buy"}}' 'qty: a decimal'
line '{"at":1,"funding":{"rate":"x"}}' 'rate: a decimal'
printf '%s\n' '{"at":2,"price":{"BTCUSDT":"45000"}}' '{"at":1,"price":{"BTCUSDT":"45000"}}' >bad.ndjson
expect 78 'line 2: at goes back' -l 127.0.0.1:0 -m bad.ndjson

# It ends on SIGTERM with what is open and what hangs, and nothing stays.
exchange
port=${URL##*:}
control fault '{"path":"/v5/market/time","hang":true}'
spawn hanging curl -sS -m 60 "$URL/v5/market/time"
wait_for 5 has "$JOURNAL" '"fault":"hang"'
stop exchange
ended hanging >/dev/null
! curl -sS -m 2 "http://127.0.0.1:$port/v5/market/time" >/dev/null 2>&1 || fail 'something still answers'
is 'files' 'journal.ndjson' "$(find . -newer bad.ndjson -name '*.ndjson' | sed 's|^./||')"
# Killed, it comes back on the same port at once, fresh.
spawn exchange "$B/exchange" -l "127.0.0.1:$port"
wait_for 5 has exchange.out "127.0.0.1:$port"
done_order BTCUSDT Buy 0.1
kill9 exchange
spawn exchange "$B/exchange" -l "127.0.0.1:$port"
wait_for 5 has exchange.out listening
wait_for 5 curl -sS "$URL/v5/market/time"
is 'fresh' 0 "$(position BTCUSDT 0 .size)"
# Somebody else's port is not taken.
expect 78 'unable to listen' -l "127.0.0.1:$port"
stop exchange

# Another key and secret, from options.
exchange -k other_key -s other_secret
answers 'the default key' 10003 "$(get /v5/account/info)"
answers 'the given one' 0 "$(KEY=other_key SECRET=other_secret get /v5/account/info)"
stop exchange

# TLS: with our own authority, and not without it.
self_signed cert IP:127.0.0.1
expect 78 'with the key of' -l 127.0.0.1:0 -C cert.pem -K cert.pem
exchange -C cert.pem -K cert.key
case $URL in
https://*) ;;
*) fail "the URL is $URL" ;;
esac
answers 'over TLS' 0 "$(curl -sS --cacert cert.pem "$URL/v5/market/time")"
! curl -sS "$URL/v5/market/time" >/dev/null 2>&1 || fail 'trusted by all'
! curl -sS --cacert cert.pem --tls-max 1.1 "$URL/v5/market/time" >/dev/null 2>&1 ||
    fail 'it speaks TLS 1.1'
is 'a connection is kept' 1 "$(curl -sS --cacert cert.pem -o /dev/null -o /dev/null \
    -w '%{num_connects}\n' "$URL/v5/market/time" "$URL/v5/market/time" | paste -sd+ | jq -R 'split("+") | map(tonumber) | add')"
stop exchange

# The day, forty times as fast: nothing in it is refused, it ends flat, and
# every trade left its mark.
jq -c '.at /= 40 | if .for then .for /= 40 else . end' \
    "$top/tests/exchange/day.ndjson" >day.ndjson
exchange -m day.ndjson
over() {
	[ "$(curl -sS "$URL/control/state" | jq .script_left)" = 0 ]
}
wait_for 20 over
at_rest() {
	curl -sS "$URL/control/state" | is_true '([.positions[] | select(.size != "0")] == []) and
	    all(.orders[]; .orderStatus != "New" and .orderStatus != "Untriggered")'
}
wait_for 10 at_rest
[ ! -s exchange.log ] || fail 'a line of the day could not be done'
curl -sS "$URL/control/state" >state.json
is 'flat' 0 "$(jq '[.positions[] | select(.size != "0")] | length' state.json)"
is 'what stands' 0 "$(jq '[.orders[] | select(.orderStatus == "New" or .orderStatus == "Untriggered")] | length' state.json)"
get /v5/position/closed-pnl 'category=linear&limit=100' >closed.json
is 'how positions closed' 'CreateByAdl_PassThrough 1,CreateByStopLoss 3,CreateByTakeOver_PassThrough 1,CreateByTakeProfit 3' \
    "$(jq -r '[.orders[] | select(.orderStatus == "Filled") | .createType] | group_by(.) |
    map("\(.[0]) \(length)") | map(select(startswith("CreateByClosing") or startswith("CreateByUser") | not)) | join(",")' state.json)"
is 'symbols' 'BTCUSDT DOGEUSDT ETHUSDT SOLUSDT XRPUSDT' \
    "$(jq -r '[.result.list[].symbol] | unique | join(" ")' closed.json)"
[ "$(jq '[.result.list[] | select(.closedPnl | startswith("-"))] | length' closed.json)" -ge 5 ] ||
    fail 'no losers'
# Added up fill by fill, fee by fee, from the script and its glides.
is 'the day brought' 11792.28325 "$(jq -r .balances.USDT state.json)"
stop exchange
