#!/bin/sh
# F04, F12, F65: orders that cannot be seen for a while, fill in part or not at
# all, or are refused: each said as it is, and none sent again.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
exchange
"$B/decide" -d "$S" </dev/null
start MAX_ORDERS_PER_MINUTE=100 MAX_CONSECUTIVE_REJECTS=100 MAX_DAILY_NOTIONAL=100000
wait_for 10 has "$JOURNAL" wallet-balance

# A rate limit is certain: the order was not taken, and goes out again (F65).
control fault '{"path":"/v5/order/create","retCode":10006}'
entry 13 | decide
wait_for 10 is_state 13 protected
is 'sends' 2 "$(sent 13)"
is 'orders' 1 "$(placed 13)"
exit_of 113 | decide
wait_for 5 is_state 13 closed

# F04: accepted, and not to be seen for 5 s, in no list.
control delay '{"order_ms":5000}'
entry 14 | decide
sleep 3
is 'not known yet' sent "$(state 14)"
wait_for 10 is_state 14 protected
is 'sends' 1 "$(sent 14)"
control clear '{}'
exit_of 114 | decide
wait_for 5 is_state 14 closed

# F04: look-ups that fail are no absence.
control fault '{"path":"/v5/order/create","reset":"after"}'
control fault '{"path":"/v5/order/realtime","status":502,"count":3}'
control fault '{"path":"/v5/order/history","retCode":10016,"count":3}'
entry 15 | decide
wait_for 10 is_state 15 protected
is 'sends' 1 "$(sent 15)"
exit_of 115 | decide
wait_for 5 is_state 15 closed

# F12: 37 % fill: that much is protected, and the rest is not sent again.
control fill '{"percent":37}'
entry 16 buy 0.100 47500.00 46550.00 | decide
wait_for 5 is_state 16 protected
is 'part' '200 0.037 1' "$(result 16 | jq -r '"\(.code) \(.filledQty) \(.warnings | length)"')"
is 'position' '0.037 46550' "$(stands)"
exit_of 116 | decide
wait_for 5 is_state 16 closed

# F12: accepted, then nothing fills, or it is rejected: said, not repeated.
control fill '{"percent":0}'
entry 17 | decide
wait_for 10 is_state 17 failed
is 'no fill' '422 Bybit' "$(result 17 | jq -r '"\(.code) \(.error[:5])"')"
control fill '{"reject":"EC_NoImmediateQtyToFill"}'
entry 18 | decide
wait_for 5 is_state 18 rejected
is 'rejected' 422 "$(result 18 | jq .code)"
is 'sends' '1 1' "$(sent 17) $(sent 18)"

# Refused for good: with Bybit's code, once (F65).
n=0
for code in 110007 10001 110094; do
	control fault "{\"path\":\"/v5/order/create\",\"retCode\":$code}"
	n=$((n + 1))
	entry "$((n + 20))" | decide
	wait_for 5 is_state "$((n + 20))" rejected
	is "$code" "422 $code" "$(result "$((n + 20))" | jq -r '"\(.code) \(.retCode)"')"
	is "$code: sends" 1 "$(sent "$((n + 20))")"
done
stop trader
