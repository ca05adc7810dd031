#!/bin/sh
# The kill points again, but stopped instead of killed, for longer than an
# alert lives: what goes on afterwards must not trade at a price of then (F50),
# and nothing is traded twice (F03, F07).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
kill_points webhookd risker trader
trading ALLOWED_SYMBOLS="$(coins 20)" $small BYBIT_RECV_WINDOW=1000 WEBHOOK_TIMEOUT=0.5 ALERT_TTL=3

n=0
# paused PROGRAM POINT: it stops there with an alert on its way, goes on after
# four seconds, and the alert comes to an end: STATUS and the answer.
paused() {
	sleep 1
	stop "$1"
	"$1" "SLUICE_KILL=$2:1:stop"
	wait_for 10 up
	# What is decided before trader looks at what the last one left is perhaps sent,
	# and expires before Bybit can be asked; a trial comes to none of its points.
	[ "$1" != trader ] || wait_for 10 connected
	n=$((n + 1)) bar=$((bar + 60000))
	body=$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")
	# Sent again while the one behind is not connected yet.
	for again in 1 2 3 4 5 6 7 8 9 10; do
		post_body "$body"
		is_stopped "$1" && break
		sleep 0.2
		is_stopped "$1" && break
	done
	is_stopped "$1" || fail "$1 came not to $2"
	sleep 4
	kill -CONT "$(pid_of "$1")"
	final() { post_body "$body" && [ "$STATUS" = 200 ] || [ "$STATUS" = 422 ]; }
	eventually 20 final
	[ "$(booked)" -le 1 ] || fail "$1 $2: $(booked) orders"
}
# late PROGRAM POINT: not traded any more.
late() {
	paused "$1" "$2"
	answered 422 "$1 $2"
	is "$1 $2: never booked" 0 "$(booked)"
}
# traded PROGRAM POINT: it was sent in time, and is known.
traded() {
	paused "$1" "$2"
	answered 200 "$1 $2"
	is "$1 $2: once" '1 1' "$(sent) $(booked)"
	wait_for 5 is_state protected
}
late trader K6
traded trader K7
traded trader K8
traded trader K9
# trader looks at the decisions itself.
traded risker K5
judge told
stop_all
