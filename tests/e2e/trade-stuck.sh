#!/bin/sh
# F49, F70, F102, F75: risker stopped for a while under a hundred alerts; a
# logger that reads no more; each program told to end with an order under way.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading ALLOWED_SYMBOLS="$(coins 90)" $small WEBHOOK_TIMEOUT=1

# F49: everybody is answered in time, and every alert is traded, once.
kill -STOP "$(pid_of risker)"
bar=$((bar + 60000))
alert_body '{"price":"1"}' | jq -c 'range(1; 41) as $n | .symbol = "COIN0\("0\($n)"[-2:])USDT"' >bodies
is 'risker is stopped' '202 40' "$(flood 1 <bodies)"
is 'too late' '' "$(awk '$4 >= 3' flood/statuses)"
kill -CONT "$(pid_of risker)"
all() { [ "$(orders_booked)" -eq 40 ] && resolved; }
wait_for 15 all
is 'the same again' '200 40' "$(flood 1 <bodies)"
is 'once' 40 "$(orders_booked)"

# F102: nobody reads the log, and its pipe is full.
mkfifo log
exec 8<>log
head -c 65536 /dev/zero >&8
for program in webhookd risker trader; do stop $program; done
quiet() {
	quiet_name=$1
	shift
	spawn "$quiet_name" sh -c 'exec "$0" "$@" 2>log' "$@"
}
export LOG_LEVEL=DEBUG
quiet trader "$B/trader" -i unix:run/trader.sock -o unix:run/webhookd.sock
quiet risker "$B/risker" -i unix:run/risker.sock -o unix:run/trader.sock
quiet webhookd "$B/webhookd" -i unix:run/webhookd.sock -o unix:run/risker.sock -s unix:run/differ.sock
wait_for 15 connected
for n in 41 42 43 44 45; do
	alert "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}"
	answered 200 'without a log'
done
for program in webhookd risker trader; do stop $program; done
exec 8<&-
# The search for leaks at the end has no grace.
export LOG_LEVEL=INFO ASAN_OPTIONS="${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}detect_leaks=0"
trader
risker
webhookd
wait_for 15 connected

# F70: told to end while the order is on its way: it ends in time, and the next
# start knows what became of it.
for program in trader risker webhookd; do
	n=$((n + 1))
	control fault "{\"path\":\"/v5/order/create\",\"match\":\"$(coin $n)\",\"delay_ms\":2000}"
	body=$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\",\"timestamp\":\"$((bar + n * 1000))\"}")
	printf '%s' "$body" | curl -sS -m 10 -o /dev/null --data-binary @- "$HOOK/bybit" 2>/dev/null &
	under_way() { [ "$(sent "$(id_of "$body")")" -eq 1 ]; }
	wait_for 5 under_way
	since=$(date +%s%3N)
	stop $program
	[ $(($(date +%s%3N) - since)) -lt 7000 ] || fail "$program took $(($(date +%s%3N) - since)) ms to end"
	$program
	wait_for 10 connected
	delivered "$body"
	is "$program: one order" 1 "$(booked)"
	is "$program: one request" 1 "$(sent)"
done
judge told
stop_all
