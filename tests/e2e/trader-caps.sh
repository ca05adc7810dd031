#!/bin/sh
# F14, F65, F67: trader's own caps, durable through kill -9; the halt; what is
# wrong with the key. A halt stops entries alone.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
exchange
"$B/decide" -d "$S" </dev/null

halted() {
	[ -e "$S/halt" ]
}
errors() {
	result "$1" | jq -r '.errors | join("; ")'
}

# The fourth entry in a minute after a limit of three halts, also when trader
# is killed in between.
start MAX_ORDERS_PER_MINUTE=3
wait_for 10 has "$JOURNAL" wallet-balance
for n in 1 2; do
	entry "$n" | decide
	wait_for 5 is_state "$n" protected
	exit_of "$((n + 100))" | decide
	wait_for 5 is_state "$n" closed
done
kill9 trader
start MAX_ORDERS_PER_MINUTE=3
entry 3 | decide
wait_for 15 is_state 3 protected
entry 4 buy 0.50 2500.00 2450.00 ETHUSDT | decide
wait_for 15 is_state 4 rejected
halted || fail 'not halted'
is 'the cap' 'Orders in the last minute reached MAX_ORDERS_PER_MINUTE: 3' "$(errors 4)"
is 'sends' 0 "$(sent 4)"
entry 5 buy 0.50 2500.00 2450.00 ETHUSDT | decide
wait_for 5 is_state 5 rejected
errors 5 | grep -q '^Trading is halted: entries in a minute exceed MAX_ORDERS_PER_MINUTE (trader) since ' ||
    fail "the halt is not told: $(errors 5)"
# A close is let through.
exit_of 103 | decide
wait_for 5 is_state 3 closed
stop trader

# Refusals in a row: the third after a limit of three halts; resumed, the count
# begins again; a fill in between does, too.
rm "$S/halt"
start MAX_ORDERS_PER_MINUTE=100 MAX_CONSECUTIVE_REJECTS=3
control fault '{"path":"/v5/order/create","retCode":110007,"count":2}'
for n in 11 12; do
	entry "$n" | decide
	wait_for 5 is_state "$n" rejected
done
halted && fail 'halted too early'
kill9 trader
start MAX_ORDERS_PER_MINUTE=100 MAX_CONSECUTIVE_REJECTS=3
control fault '{"path":"/v5/order/create","retCode":110007}'
entry 13 | decide
wait_for 20 is_state 13 rejected
halted || fail 'the third refusal in a row did not halt'
wait_for 5 alarm halted true
rm "$S/halt"
wait_for 5 alarm halted false
entry 14 | decide
wait_for 5 is_state 14 protected
exit_of 114 | decide
wait_for 5 is_state 14 closed
stop trader

# The day's notional: 10 % of 10,000 is 1,000; 950 fit below it, once.
start MAX_ORDERS_PER_MINUTE=100 MAX_DAILY_NOTIONAL=10
entry 21 | decide
wait_for 15 is_state 21 rejected
errors 21 | grep -q '^Entries of the day of .* exceed MAX_DAILY_NOTIONAL: 9[0-9][0-9]\.' ||
    fail "the cap of the day: $(errors 21)"
halted && fail 'the cap of the day must not halt'
stop trader

# What risker should never let through: each refused by trader itself.
start MAX_ORDERS_PER_MINUTE=100
refused() {
	decide
	wait_for 5 is_state "$1" rejected
	errors "$1" | grep -q "$2" || fail "expected '$2', not: $(errors "$1")"
	is "sends of $1" 0 "$(sent "$1")"
}
entry 31 buy 0.020 47500.00 47600.00 | refused 31 'Stop loss 47600.00 is not below the price'
entry 32 sell 0.020 47500.00 46550.00 | refused 32 'is not above the price'
entry 33 buy 0.020 47500.00 47490.00 | refused 33 'nearer than STOP_LOSS_MIN'
entry 34 buy 0.020 47500.00 40000.00 | refused 34 'farther than STOP_LOSS_MAX'
entry 35 buy 2.000 47500.00 46550.00 | refused 35 'MAX_EXPOSURE'
entry 36 buy 0.300 47500.00 46550.00 | refused 36 'Loss at the stop of 285.00 exceeds MAX_RISK_PER_TRADE'
entry 37 buy 1 10 9.8 XRPUSDT | refused 37 'XRPUSDT is not in ALLOWED_SYMBOLS'
TTL=300 entry 38 | refused 38 'longer than ALERT_TTL'
entry 39 buy 0 47500.00 46550.00 | refused 39 'is not above zero'
TTL=-1 entry 40 | decide
wait_for 5 is_state 40 expired

# F56: this machine's clock and Bybit's drift apart: entries are refused with
# an alarm, a close is let through; and back.
entry 61 buy 0.50 2500.00 2450.00 ETHUSDT | decide
wait_for 5 is_state 61 protected
control clock '{"offset_ms":10000}'
wait_for 20 alarm clock true
entry 62 | refused 62 "clock is -"
exit_of 161 ETHUSDT | decide
wait_for 10 is_state 61 closed
control clock '{"offset_ms":0}'
wait_for 20 alarm clock false

# F67: the key expires: one halt, one alarm, and no hammering.  F14: where the
# file of the halt cannot be made it is halted all the same, and made later.
control key '{"expired":true}'
in_the_way=$S/halt.$(pid_of trader)
mkdir "$in_the_way"
entry 41 | decide
wait_for 10 is_state 41 rejected
halted && fail 'nothing was in the way of the file'
entry 42 | refused 42 '^Trading is halted: '
rmdir "$in_the_way"
wait_for 5 halted
before=$(wc -l <"$JOURNAL")
sleep 3
after=$(wc -l <"$JOURNAL")
[ $((after - before)) -lt 12 ] || fail "$((after - before)) requests with a bad key in 3 s"
control key '{"expired":false}'
stop trader

# A key that may withdraw is refused at the start; one that may only read
# sends nothing.
rm "$S/halt"
control key '{"permissions":{"ContractTrade":["Order","Position"],"Wallet":["AccountTransfer","Withdraw"]}}'
spawn trader "$B/trader" -d "$S" -i "unix:$T/trader.sock"
ended trader 78
has trader.log 'may withdraw money' || fail 'the reason is not told'
control key '{"permissions":{"ContractTrade":["Order","Position"],"Wallet":["AccountTransfer"]},"readOnly":1}'
start MAX_ORDERS_PER_MINUTE=100
wait_for 10 has_lately 'API key is read-only'
entry 51 | decide
wait_for 15 is_state 51 rejected
errors 51 | grep -q 'read-only' || fail "a read-only key: $(errors 51)"
is 'sends' 0 "$(sent 51)"
stop trader
