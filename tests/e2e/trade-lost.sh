#!/bin/sh
# F01, F02, F04, F60: the reply to the order is lost, in every way there is, and
# the order cannot be seen for a while; one order each, protected, and its
# client gets an answer within 3 seconds and the outcome later.
#
# Not tested here: an order that is hidden for 60 s (unit/test-trader-ways).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading ALLOWED_SYMBOLS="$(coins 20)" $small BYBIT_RECV_WINDOW=1000

# lose N FAULT: what happens to the order of the N-th coin.
lose() {
	control fault "{\"path\":\"/v5/order/create\",\"match\":\"$(coin "$1")\",$2}"
}
lose 1 '"reset":"after"'
lose 2 '"hang":true'
lose 3 '"truncate":40'
lose 4 '"status":502,"effect":true,"body":"<html>bad gateway</html>"'
lose 5 '"retCode":10016,"effect":true'
lose 6 '"retCode":999999,"effect":true'
lose 7 '"reset":"before"'
lose 8 '"status":429,"effect":true'
lose 9 '"reset":"after","then":{"restart":{}}'
lose 10 '"garbage":"{\"retCode\":0,","effect":true'
# Look-ups that fail tell nothing.
lose 11 '"reset":"after"'
for path in order/realtime order/history execution/list; do
	control fault "{\"path\":\"/v5/$path\",\"match\":\"$(coin 11)\",\"retCode\":10016,\"count\":3}"
done

# All at once, each with its own fate.
bar=$((bar + 60000))
mkdir bodies
for n in 1 2 3 4 5 6 7 8 9 10 11; do
	alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}" >bodies/$n
	(
		curl -sS -m 15 -o "answer.$n" -w '%{http_code} %{time_total}\n' --interface "127.0.0.$((n + 1))" \
		    --data-binary @bodies/$n "$HOOK/bybit" >"status.$n"
	) &
done
wait_all() {
	for n in 1 2 3 4 5 6 7 8 9 10 11; do [ -s "status.$n" ] || return 1; done
}
wait_for 10 wait_all
for n in 1 2 3 4 5 6 7 8 9 10 11; do
	read -r STATUS TOOK <status.$n
	cp answer.$n answer
	case $STATUS in 200 | 202) answered "$STATUS" "lost reply $n" ;; *) fail "lost reply $n: $STATUS $(cat answer)" ;; esac
	client "$(id_of "$(cat bodies/$n)")" "$STATUS" answer
done
for n in 1 2 3 4 5 6 7 8 9 10 11; do
	delivered "$(cat bodies/$n)" 20
	is "lost reply $n: orders" 1 "$(booked)"
	# What never arrived is sent once more, with the same id; nothing else is.
	is "lost reply $n: requests" "$([ $n -eq 7 ] && echo 2 || echo 1)" "$(sent)"
	wait_for 5 is_state protected
	held "$(coin $n)" || fail "lost reply $n: position $(position "$(coin $n)")"
done

# F04: hidden longer than a request is valid: sent again with the same id, which
# Bybit refuses (F60), and then found.
control delay '{"order_ms":8500,"position_ms":8500}'
lose 12 '"reset":"after"'
alert "{\"symbol\":\"$(coin 12)\",\"price\":\"1\"}"
answered 202 'hidden'
delivered "$BODY" 25
control delay '{"order_ms":0,"position_ms":0}'
is 'hidden: orders' 1 "$(booked)"
[ "$(sent)" -le 2 ] || fail "hidden: $(sent) requests"
wait_for 10 is_state protected
judge told
stop_all
