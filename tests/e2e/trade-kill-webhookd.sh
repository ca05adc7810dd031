#!/bin/sh
# F07, F08: webhookd killed with an alert read and not recorded (K1), recorded
# and not answered (K2), answered 202 and not handed on (K3), and inside a write
# transaction (K4); started again once, and three times.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
kill_points webhookd risker trader
trading ALLOWED_SYMBOLS="$(coins 20)" $small WEBHOOK_TIMEOUT=0.5

n=0
round() {
	n=$((n + 1)) bar=$((bar + 60000))
	killed_round webhookd "$1" "$2" "$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")"
}
for times in 1 3; do
	round K1 $times
	round K2 $times
	round K4 $times
done

# K3: nothing comes back in time; the 202 is out, and webhookd dies before it
# hands the alert on again to a risker that is back.
for times in 1 3; do
	n=$((n + 1)) bar=$((bar + 60000))
	sleep 1
	kill9 webhookd
	webhookd SLUICE_KILL=K3 WEBHOOK_TIMEOUT=0.3
	wait_for 10 connected_now
	kill -STOP "$(pid_of risker)"
	post_body "$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")"
	body=$BODY
	answered 202 'risker is stopped'
	is 'it is told which' "$ID" "$(got .id)"
	# A new connection makes webhookd hand it on again.
	kill9 risker
	risker
	dead() { pid_is_gone webhookd; }
	wait_for 10 dead
	ended webhookd 137
	for again in $(seq $times); do
		[ "$again" -eq 1 ] || kill9 webhookd
		webhookd
		wait_for 10 up
	done
	delivered "$body"
	is "K3 x$times: orders" 1 "$(booked)"
	wait_for 10 is_state protected
done
judge told
stop_all
