#!/bin/sh
# F51, F64, F70: closes that fill in part, come twice, race with a stop or with
# an entry of unknown fate; flatten; SIGTERM on the way.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
exchange
"$B/decide" -d "$S" </dev/null
start MAX_ORDERS_PER_MINUTE=100
wait_for 10 has "$JOURNAL" wallet-balance

# Half of the close fills: another order takes the rest, and one answer tells
# of both.
entry 1 buy 0.100 47500.00 46550.00 | decide
wait_for 5 is_state 1 protected
control fill '{"percent":50}'
exit_of 2 | decide
wait_for 10 answered 2
is 'in two orders' '200 0.1 2' "$(result 2 | jq -r '"\(.code) \(.quantity) \(.orderIds | length)"')"
is 'orders' '1 1' "$(placed 2) $(placed 2 0a)"
flat || fail 'not flat'
wait_for 5 is_state 1 closed

# Two closes of one position: one closes, the other finds nothing.
entry 3 | decide
wait_for 5 is_state 3 protected
{ exit_of 4; exit_of 5; } | decide
wait_for 10 answered 4
wait_for 10 answered 5
is 'both' '0.02' "$(jq -n "$(result 4 | jq .quantity) + $(result 5 | jq .quantity)")"
flat || fail 'not flat'

# The stop was faster: 110017 is flat is done.
entry 6 | decide
wait_for 5 is_state 6 protected
control fault '{"path":"/v5/position/list","stale_ms":1500,"count":2}'
control price '{"BTCUSDT":"46000"}'
exit_of 7 | decide
wait_for 10 answered 7
is 'after the stop' 200 "$(result 7 | jq .code)"
flat || fail 'the other side was opened'
control clear '{}'
control price '{"BTCUSDT":"47500"}'
wait_for 10 is_state 6 closed

# An entry of unknown fate: the close does not wait, and what fills later goes.
control fault '{"path":"/v5/order/create","hang":true}'
control delay '{"order_ms":3000}'
entry 8 | decide
wait_for 5 is_state 8 sent
exit_of 9 | decide
close_is_sent() { [ "$(sent 9)" -eq 1 ]; }
wait_for 5 close_is_sent
is 'what the close did not wait for' sent "$(state 8)"
wait_for 10 answered 9
wait_for 15 is_state 8 closed
flat || fail 'what filled after the close is still there'
is 'told' 422 "$(result 8 | jq .code)"
control clear '{}'

# A close is not sent once a later entry was approved.
entry 10 | decide
wait_for 10 is_state 10 protected
stop trader
exit_of 11 >late
sleep 0.05
entry 12 buy 0.010 47500.00 46550.00 >>late
decide <late
start MAX_ORDERS_PER_MINUTE=100
wait_for 20 is_state 11 expired
wait_for 20 is_state 12 protected
is 'both stand' '0.03 46550' "$(stands)"

# Flatten, by the trader that runs, after asking; and by itself, where none
# does.
mkdir -p p/scripts p/build
cp "$top"/scripts/flatten "$top"/scripts/halt "$top"/scripts/state-dir.sh p/scripts
ln -s "$B/trader" "$B/statecat" p/build
echo no | p/scripts/flatten -d "$S" >flatten.out && fail 'it did not ask'
has flatten.out 'BTCUSDT buy 0.01, stop 46550.00, protected' || fail "it does not show: $(cat flatten.out)"
is 'asked and not told' '0.03 46550' "$(stands)"
[ ! -e "$S/halt" ] || fail 'halted without a yes'
echo yes | env -u BYBIT_API_KEY -u BYBIT_API_SECRET p/scripts/flatten -d "$S" >flatten.out 2>flatten.log || fail 'flatten failed'
[ -e "$S/halt" ] || fail 'flatten does not halt'
rm "$S/halt"
flat || fail 'flatten left a position'
wait_for 5 is_state 12 closed
entry 13 | decide
wait_for 10 is_state 13 protected
stop trader
"$B/trader" -F -d "$S" 2>flatten2.log || fail 'flatten alone failed'
flat || fail 'flatten alone left a position'
is 'closed' closed "$(state 13)"

# SIGTERM while the fate of an order is unknown: it ends within 7 s, what is
# decided meanwhile is left, the row says sent, and the next start resolves it.
start MAX_ORDERS_PER_MINUTE=100
control fault '{"path":"/v5/order/create","hang":true}'
control delay '{"order_ms":8000}'
entry 14 | decide
wait_for 5 is_state 14 sent
from=$(date +%s)
kill -TERM "$(pid_of trader)"
TTL=3 entry 15 buy 0.50 2500.00 2450.00 ETHUSDT | decide
ended trader 0
[ $(($(date +%s) - from)) -le 7 ] || fail 'took longer than the grace'
is 'recorded' sent "$(state 14)"
is 'sends after SIGTERM' 0 "$(sent 15)"
control clear '{}'
start MAX_ORDERS_PER_MINUTE=100
wait_for 15 is_state 14 protected
is 'sends' 1 "$(sent 14)"
exit_of 114 | decide
wait_for 5 is_state 14 closed
# The trader that runs cannot be asked.
mkdir "$S/flatten"
status=0
"$B/trader" -F -d "$S" 2>asked.log || status=$?
is '-F without a file' 74 "$status"
has asked.log "unable to make '.*/flatten'" || fail "it does not say so: $(cat asked.log)"
rmdir "$S/flatten"
stop trader
