#!/bin/sh
# F14, F50, F52: fifty alerts at once where three fit; alerts that are too
# late; caps that a crash loop cannot reset.
#
# Not tested here: each rule and cap by itself (unit/test-risker*,
# trader-caps.sh).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
kill_points webhookd risker trader
trading ALLOWED_SYMBOLS="$(coins 60)" MAX_RISK_PER_TRADE=0.1 MAX_POSITIONS=3 MAX_ORDERS_PER_MINUTE=5 MAX_CONSECUTIVE_REJECTS=100

# F52: exactly three, whoever has to ask once more.
bar=$((bar + 60000))
alert_body '{"price":"1"}' | jq -c 'range(1; 51) as $n | .symbol = "COIN0\("0\($n)"[-2:])USDT"' >fifty
decided() { flood 1 <fifty | grep -qx '200 3,422 47'; }
wait_for 15 decided
is 'three orders' 3 "$(orders_booked)"
is 'three decisions' 3 "$(row risker/decisions 'select(.type == "order" and .test != true).id' | wc -l)"
is 'the others know why' 47 "$(jq -r '.errors // [] | .[]' flood/answer.* | grep -c 'Max positions')"

# A close makes room for one.
held=$(row trader/orders 'select(.state == "protected").symbol' | head -n 1)
alert "{\"symbol\":\"$held\",\"action\":\"close\",\"price\":\"1\"}"
answered 200 'a close'
wait_for 5 flat "$held"
seen_flat() {
	"$B/statecat" -d "$S" differ/events | grep -q "\"CLOSE\".*$held" &&
	    [ "$(row trader/orders 'select(.state == "protected").symbol' | wc -l)" -eq 2 ]
}
wait_for 10 seen_flat

# F50: decided, and trader is away for longer than it lives.
export ALERT_TTL=3 WEBHOOK_TIMEOUT=1
for program in webhookd risker trader; do
	stop $program
	$program
done
wait_for 15 connected
kill -STOP "$(pid_of trader)"
alert "{\"symbol\":\"$(coin 55)\",\"price\":\"1\"}"
answered 202 'trader is stopped'
late=$BODY late_id=$ID
sleep 2.5
kill -CONT "$(pid_of trader)"
final() { post_body "$late" && [ "$STATUS" != 202 ]; }
wait_for 10 final
answered 422 'too late'
is 'never sent' 0 "$(sent "$late_id")"
is 'expired' expired "$(state "$late_id")"
# The same with risker.
kill -STOP "$(pid_of risker)"
alert "{\"symbol\":\"$(coin 56)\",\"price\":\"1\"}"
answered 202 'risker is stopped'
late=$BODY late_id=$ID
sleep 2.5
kill -CONT "$(pid_of risker)"
wait_for 10 final
answered 422 'too late'
is 'never sent' 0 "$(sent "$late_id")"

# F14: killed after each send and started again, it is halted by its cap, as
# the entries of the last minute are counted in its state.
before=$(orders_booked)
gone_or_connected() {
	pid_is_gone trader || connected
}
unseen() {
	flat "$held" && ! "$B/statecat" -d "$S" differ/positions | grep -q "$held"
}
for n in 1 2 3 4 5 6 7 8; do
	kill9 trader
	trader SLUICE_KILL=K8
	# What is decided before it looks at what the last one left is perhaps sent,
	# and expires before Bybit can be asked.
	wait_for 10 gone_or_connected
	for again in 1 2 3; do
		alert "{\"symbol\":\"$held\",\"price\":\"1\"}"
		pid_is_gone trader && break
	done
	kill9 trader
	trader
	wait_for 10 up
	[ ! -e "$S/halt" ] || break
	# What is unresolved, or that differ has seen, would stop the next one.
	wait_for 15 resolved
	alert "{\"symbol\":\"$held\",\"action\":\"close\",\"price\":\"1\"}"
	late=$BODY
	wait_for 10 final
	wait_for 10 unseen
done
[ -e "$S/halt" ] || fail 'no halt'
[ $(($(orders_booked) - before)) -le 8 ] || fail "$(($(orders_booked) - before)) orders in the loop"
wait_for 10 resolved
alert "{\"symbol\":\"$(coin 57)\",\"price\":\"1\"}"
late=$BODY
wait_for 10 final
answered 422 'halted'
judge told
stop_all
