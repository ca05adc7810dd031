#!/bin/sh
# F03 and all the rest of it at random: rounds of alerts, closes, faults and
# kill -9 of any program, on one state; the oracle judges at the end. The seed is
# printed, and SEED repeats a run; ROUNDS for more than there is time for here.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
seed=${SEED:-$(($(date +%s) % 100000))}
rounds=${ROUNDS:-8}
say "seed $seed, $rounds rounds"
trading ALLOWED_SYMBOLS="$(coins 12)" $small BYBIT_RECV_WINDOW=1000 WEBHOOK_TIMEOUT=0.5

# random N: 0 to N - 1.
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	random=$((seed / 65536 % $1))
}
fault() {
	random 12
	case $random in
	0) control fault '{"path":"/v5/order/create","reset":"after"}' ;;
	# Lost on the way, and overtaken by a close, it is looked for for a minute.
	1) [ "$rounds" -le 8 ] || control fault '{"path":"/v5/order/create","reset":"before"}' ;;
	2) control fault '{"path":"/v5/order/create","status":502,"effect":true}' ;;
	3) control fault '{"path":"/v5/order/create","retCode":10016,"effect":true}' ;;
	4) control fault '{"path":"/v5/order","method":"GET","retCode":10016,"count":4}' ;;
	5) control fault '{"path":"/v5/position/list","status":503,"count":6}' ;;
	6) control fill '{"percent":"40"}' ;;
	7) control fill '{"drop_stop":true}' ;;
	8) control delay '{"order_ms":1500,"position_ms":1000}' ;;
	9) control fault '{"path":"/v5/order/create","truncate":30}' ;;
	10) control fill '{"delay_ms":1500}' ;;
	11) control delay '{"order_ms":0,"position_ms":0}' ;;
	esac
}
maybe_kill() {
	random 8
	case $random in
	0) program=webhookd ;;
	1) program=risker ;;
	2 | 3) program=trader ;;
	4) program=differ ;;
	*) return 0 ;;
	esac
	kill9 $program
	$program
}
for round in $(seq "$rounds"); do
	fault
	for step in 1 2 3; do
		random 12
		symbol=$(coin $((random + 1)))
		random 4
		action=buy
		[ "$random" -gt 0 ] || action=close
		bar=$((bar + 60000))
		body=$(alert_body "{\"symbol\":\"$symbol\",\"price\":\"1\",\"action\":\"$action\"}")
		printf '%s\n' "$body" >>bodies
		printf '%s' "$body" | curl -sS -m 5 -o /dev/null --data-binary @- "$HOOK/bybit" 2>/dev/null &
		maybe_kill
		random 3
		sleep "0.$((random * 2 + 1))"
	done
	# TradingView sends what it had no answer for again.
	post_body "$body"
	maybe_kill
done
wait_for 20 connected
# Whatever was pending comes to its end; then each alert once more: what
# never got in may trade now, and nothing else.
eventually 90 resolved
control clear '{}'
while IFS= read -r body; do
	post_body "$body"
	for again in 1 2 3 4 5 6 7 8; do
		case $STATUS in 200 | 422) break ;; esac
		sleep 0.5
		post_body "$body"
	done
	case $STATUS in 200 | 202 | 422) ;; *) fail "in the end: $STATUS $(cat answer)" ;; esac
done <bodies
eventually 90 resolved
judge told
stop_all
