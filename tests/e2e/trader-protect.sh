#!/bin/sh
# F05, F06, F66, F71: a position that has no stop gets it, or is closed; what
# the stop's request said is never believed, the position is.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
exchange
"$B/decide" -d "$S" </dev/null
start MAX_ORDERS_PER_MINUTE=100 MAX_CONSECUTIVE_REJECTS=100
wait_for 10 has "$JOURNAL" wallet-balance

stop_is() {
	[ "$(stands)" = "$1" ]
}

# The stop is deleted by hand: it is set again, within the guard's 2 s.
entry 1 | decide
wait_for 5 is_state 1 protected
control stop '{"symbol":"BTCUSDT","stopLoss":"0"}'
wait_for 5 stop_is '0.02 46550'
is 'still protected' protected "$(state 1)"

# Somebody moves it: it is theirs, and that is said once.
control stop '{"symbol":"BTCUSDT","stopLoss":"47000"}'
wait_for 5 has trader.log 'was moved'
sleep 3
is 'moved' '0.02 47000' "$(stands)"
[ "$(grep -c 'was moved' trader.log)" -eq 1 ] || fail 'said more than once'

# F06: the request to set it works and hangs; the next is refused with 34040.
# One stop, no close.
control stop '{"symbol":"BTCUSDT","stopLoss":"0"}'
control fault '{"path":"/v5/position/trading-stop","hang":true}'
wait_for 12 stop_is '0.02 46550'
sleep 6
is 'protected' protected "$(state 1)"
[ "$(sent 1 0x)" -eq 0 ] || fail 'closed a position that was protected'
alarm 'unprotected BTCUSDT 0' false || fail 'the alarm is open, or there was none'

# F71: no stop can be set any more: closed within 10 s, and shouted about.
control fault '{"path":"/v5/position/trading-stop","retCode":110009,"count":0}'
control stop '{"symbol":"BTCUSDT","stopLoss":"0"}'
wait_for 5 alarm 'unprotected BTCUSDT 0' true
wait_for 12 flat
wait_for 5 is_state 1 closed
is 'protective closes' 1 "$(placed 1 0x)"
wait_for 5 alarm 'unprotected BTCUSDT 0' false
control clear '{}'

# Through its stop, and the stop is gone: closed at once.
entry 2 | decide
wait_for 5 is_state 2 protected
control fault '{"path":"/v5/position/trading-stop","retCode":10016,"count":0}'
control stop '{"symbol":"BTCUSDT","stopLoss":"0"}'
control price '{"BTCUSDT":"46500"}'
wait_for 5 flat
wait_for 5 is_state 2 closed
control clear '{}'
control price '{"BTCUSDT":"47500"}'

# F66: the price is through the stop when the order arrives: refused, once.
control price '{"BTCUSDT":"46400"}'
entry 3 | decide
wait_for 5 is_state 3 rejected
is 'refused' '422 10001' "$(result 3 | jq -r '"\(.code) \(.retCode)"')"
is 'sends' 1 "$(sent 3)"
control price '{"BTCUSDT":"47500"}'

# The stop acts: the position is gone, the entry closed, nothing is sent.
entry 4 | decide
wait_for 5 is_state 4 protected
control price '{"BTCUSDT":"46000"}'
wait_for 10 is_state 4 closed
is 'closes' 0 "$(sent 4 0x)"
control price '{"BTCUSDT":"47500"}'

# The position can be seen 3 s late only: nothing is closed, one stop stands.
control delay '{"position_ms":3000}'
entry 5 | decide
wait_for 8 is_state 5 protected
is 'position' '0.02 46550' "$(stands)"
is 'closes' 0 "$(sent 5 0x)"
stop trader

# It is guarded for the account that it is of, and for no other: by that one's
# key it would be gone.
spawn trader timeout 10 env ACCOUNT=other "$B/trader" -d "$S" -i "unix:$T/trader.sock"
ended trader 78
has trader.log 'of account main, which is not final, and ACCOUNT is other' || fail 'the reason is not told'
start
is 'state' protected "$(state 5)"
is 'position' '0.02 46550' "$(stands)"
stop trader
