#!/bin/sh
# F03, F05: trader killed inside a write transaction (K4), before a byte is out
# (K6), with the request out (K7), the reply read (K8), the fill known (K9) and
# the final state committed (K10); started again once, and three times. The
# alert's client gets its answer.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
kill_points webhookd risker trader
trading ALLOWED_SYMBOLS="$(coins 20)" $small BYBIT_RECV_WINDOW=1000 WEBHOOK_TIMEOUT=0.5

n=0
body() {
	n=$((n + 1)) bar=$((bar + 60000))
	body=$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")
}
for round in 'K7 1' 'K8 1' 'K9 1' 'K10 1' 'K8 3' 'K10 3'; do
	body
	killed_round trader $round "$body"
	# What is protected would be read at the next start: K9 comes of that, too.
	alert "{\"symbol\":\"$(coin $n)\",\"action\":\"close\",\"price\":\"1\"}"
	delivered "$BODY"
	wait_for 5 flat "$(coin $n)"
done
# What was perhaps sent, and was not, goes out once it can no longer arrive:
# several of them wait for that side by side.
for times in 1 3; do
	for point in K6 K4; do
		body
		killed_at trader $point $times "$body"
		printf '%s\n' "$body" >>waiting
	done
done
while IFS= read -r body; do
	came_once 'not sent at first' "$body"
done <waiting
judge told
stop_all
