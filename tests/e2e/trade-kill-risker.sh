#!/bin/sh
# F03, F07: risker killed inside a write transaction (K4), and with a decision
# committed and its line not written (K5); started again once, and three times.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
kill_points webhookd risker trader
trading ALLOWED_SYMBOLS="$(coins 20)" $small WEBHOOK_TIMEOUT=0.5

n=0
for times in 1 3; do
	for point in K4 K5; do
		n=$((n + 1)) bar=$((bar + 60000))
		killed_round risker $point $times "$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")"
	done
done

# A refusal is repeated, too, not decided again.
kill9 risker
risker SLUICE_KILL=K5
wait_for 10 up
bar=$((bar + 60000))
body=$(alert_body '{"symbol":"NOUSDT","price":"1"}')
dead() {
	post_body "$body"
	pid_is_gone risker
}
wait_for 10 dead
ended risker 137
refusal=$(row risker/decisions "select(.id == \"$ID\") | tojson")
[ -n "$refusal" ] || fail 'the refusal is not on record'
risker
refused() {
	post_body "$body"
	[ "$STATUS" = 422 ]
}
wait_for 10 refused
is 'the refusal' "$refusal" "$(row risker/decisions "select(.id == \"$ID\") | tojson")"
judge told
stop_all
