#!/bin/sh
# F63, F17 for trader: both sides of a hedge, and an account whose position
# mode changes while trader runs.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
exchange
"$B/decide" -d "$S" </dev/null

# Hedge mode: both legs go, an order each, one answer.
control mode '{"symbol":"BTCUSDT","mode":3}'
start MAX_ORDERS_PER_MINUTE=100
entry 21 buy 0.010 47500.00 46550.00 | decide
wait_for 15 is_state 21 protected 1
entry 22 sell 0.020 47500.00 48450.00 | decide
wait_for 5 is_state 22 protected 2
exit_of 23 | decide
wait_for 10 answered 23
is 'both legs' '200 0.03 2' "$(result 23 | jq -r '"\(.code) \(.quantity) \(.orderIds | length)"')"
wait_for 5 is_state 21 closed 1
wait_for 5 is_state 22 closed 2

# F63: the account flips to one-way: refused, read again, and the next fits.
control mode '{"symbol":"BTCUSDT","mode":0}'
entry 24 buy 0.010 47500.00 46550.00 | decide
wait_for 5 is_state 24 rejected 1
is 'refused' '422 10001' "$(result 24 | jq -r '"\(.code) \(.retCode)"')"
entry 25 buy 0.010 47500.00 46550.00 | decide
wait_for 5 is_state 25 protected 0
stop trader
