#!/bin/sh
# F05, F06, F66, F71: the stop loss of an entry is lost, refused, set without a
# word, taken away or moved by hand; the price is through it before the order is
# there. No position stands without one for longer than 10 s, and the operator hears of it.
#
# Not tested here: trader alone in each of these (trader-protect.sh).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading ALLOWED_SYMBOLS="$(coins 20)" $small
spawn notifier env TELEGRAM_BOT_TOKEN=111:test-token OPERATOR_CHAT=9 NOTIFY_LANG=en \
    "$B/notifier" -i unix:run/notifier.sock

on_create() {
	control fault "{\"path\":\"/v5/order/create\",\"match\":\"$(coin "$1")\",$2}"
}
# drop N: the entry of the N-th coin is accepted, and its stop forgotten.
drop() {
	on_create "$1" "\"then\":{\"stop\":{\"symbol\":\"$(coin "$1")\",\"stopLoss\":\"0\"}}"
}
on_stop() {
	control fault "{\"path\":\"/v5/position/trading-stop\",\"match\":\"$(coin "$1")\",$2}"
}
entry() {
	alert "{\"symbol\":\"$(coin "$1")\",\"price\":\"1\"}"
	eval "id_$1=$ID body_$1=\$BODY"
	case $STATUS in 000 | 5??) fail "entry $1: $STATUS" ;; esac
	answered "$STATUS" "entry $1"
}
orders_of() {
	curl -sS "$URL/control/state" | jq -r --arg s "$(coin "$1")" '[.orders[] | select(.symbol == $s and .createType == "CreateByUser")] | length'
}

drop 1
drop 2
on_stop 2 '"retCode":10001,"retMsg":"refused","count":0'
drop 3
on_stop 3 '"hang":true'
drop 4
on_stop 4 '"retCode":110009,"count":0'
on_create 5 "\"first\":{\"price\":{\"$(coin 5)\":\"0.97\"}}"
drop 6
on_stop 6 '"status":502,"count":3'
# The price falls through a stop that is not there.
on_create 7 "\"then\":{\"stop\":{\"symbol\":\"$(coin 7)\",\"stopLoss\":\"0\"},\"price\":{\"$(coin 7)\":\"0.97\"}}"
for n in 2 4 3 1 5 6 7; do entry $n; done

# Through its stop when it arrives: refused for good, and not tried again.
post_body "$body_5"
answered 422 'through the stop'
is 'with the code' 10001 "$(got .retCode)"
got .error | grep -q '^Bybit: ' || fail "the error: $(got .error)"
is 'asked once' 1 "$(sent "$id_5")"
is 'no order' 0 "$(booked "$id_5")"

# Lost and set again; set without a word; after some trouble.
for n in 1 3 6; do
	wait_for 12 held "$(coin $n)"
	eval "delivered \"\$body_$n\""
	is "no close of $n" 1 "$(orders_of $n)"
done
# Cannot be set: closed, and shouted about; the client hears of it.
for n in 2 4 7; do
	wait_for 12 flat "$(coin $n)"
	is "closed once: $n" 2 "$(orders_of $n)"
	eval "post_body \"\$body_$n\""
	wait_for_final() { post_body "$BODY" && [ "$STATUS" != 202 ]; }
	wait_for 5 wait_for_final
	answered 422 "closed for want of a stop: $n"
	got .error | grep -q '^Bybit: ' || fail "the error: $(got .error)"
done
"$B/statecat" -d "$S" trader/alarms | grep -q unprotected || fail 'no alarm'
shouted() {
	grep '"chat_id":"9"' "$JOURNAL" | grep "Alarm: unprotected $(coin 2)"
}
wait_for 10 shouted

# By hand: taken away, it is set again; moved, it is left.
control stop "{\"symbol\":\"$(coin 1)\",\"stopLoss\":\"0\"}"
wait_for 10 held "$(coin 1)"
control stop "{\"symbol\":\"$(coin 3)\",\"stopLoss\":\"0.95\"}"
wait_for 10 has trader.log 'moved'
held "$(coin 3)" 0.95 || fail "not left where it is: $(position "$(coin 3)")"
# Hit: the exchange closes it, and the order is done.
control price "{\"$(coin 6)\":\"0.97\"}"
closed() { is_state closed "$id_6"; }
wait_for 10 closed
is 'by its stop' 1 "$(orders_of 6)"
judge told
stop_all
