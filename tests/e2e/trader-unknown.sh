#!/bin/sh
# F01, F60: replies that are lost or ambiguous: one order each, whatever they
# said. The sends are counted by the exchange.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
exchange
"$B/decide" -d "$S" </dev/null
start MAX_ORDERS_PER_MINUTE=100 MAX_CONSECUTIVE_REJECTS=100 MAX_DAILY_NOTIONAL=100000
wait_for 10 has "$JOURNAL" wallet-balance

# one N SECONDS FAULT: a fault of the next order/create; the entry is there
# once, protected, and answered with 200; then it is closed.
one() {
	control fault "{\"path\":\"/v5/order/create\",$3}"
	entry "$1" | decide
	wait_for "$2" is_state "$1" protected
	is "$3: answer" 200 "$(result "$1" | jq .code)"
	is "$3: orders" 1 "$(placed "$1")"
	is "$3: position" '0.02 46550' "$(stands)"
	exit_of "$((100 + $1))" | decide
	wait_for 5 is_state "$1" closed
	control clear '{}'
}

# F01: (a) closed, (b) hangs past the time-out, (c) half of the JSON, (d) 502,
# and what Bybit says when it does not know itself (section 8.3).
one 1 10 '"reset":"after"'
one 2 15 '"hang":true'
one 3 10 '"truncate":30'
one 4 10 '"status":502,"effect":true'
one 5 10 '"retCode":10000,"effect":true'
one 6 10 '"retCode":10016,"effect":true'
one 7 10 '"retCode":999999,"effect":true'
for n in 1 2 3 4 5 6 7; do
	is "sends of $n" 1 "$(sent "$n")"
done

# The same faults before the order is taken: the same request once more, with
# the same link id, when the first can no longer arrive.
control fault '{"path":"/v5/order/create","reset":"before"}'
entry 11 | decide
wait_for 15 is_state 11 protected
is 'sends' 2 "$(sent 11)"
is 'orders' 1 "$(placed 11)"
exit_of 111 | decide
wait_for 5 is_state 11 closed

# F60: the id is known already: it is looked up, and nothing else is tried.
control fault '{"path":"/v5/order/create","retCode":110072,"effect":true}'
entry 12 | decide
wait_for 5 is_state 12 protected
is 'sends' 1 "$(sent 12)"
exit_of 112 | decide
wait_for 5 is_state 12 closed

stop trader
