#!/bin/sh
# F07, F08: one alert is one order, however often it comes: again and again,
# fifty times at once, in other spellings, without a timestamp, and before and
# after each program was killed and started again.
#
# Not tested: what webhookd does with risker away (its own tests).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading ALLOWED_SYMBOLS=BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT,LTCUSDT,LINKUSDT MAX_POSITIONS=20 \
    MAX_EXPOSURE=2000 MAX_ORDERS_PER_MINUTE=100

# again [STATUS]: the alert once more has the first answer, and says that.
again() {
	first=$(got .orderId)
	alert_again
	answered "${1:-200}" 'again'
	is 'the same answer' "$first true" "$(got '"\(.orderId) \(.duplicate)"')"
}
# one [ID]: it was sent and booked once.
one() {
	is 'requests' 1 "$(sent "${1:-$ID}")"
	is 'orders' 1 "$(booked "${1:-$ID}")"
}

# As TradingView does it: four times.
alert
answered 200
is 'the first is no duplicate' null "$(got .duplicate)"
again
again
again
one

# One instant and one symbol in other spellings are the same alert.
spelled() {
	post_body "$(alert_body "$1")"
	answered 200 "$1"
	is "$1" true "$(got .duplicate)"
}
at=$bar id=$ID
spelled "{\"timestamp\":$at}"
spelled "{\"timestamp\":\"$((at / 1000))\"}"
spelled "{\"timestamp\":\"$(date -u -d "@$((at / 1000))" +%Y-%m-%dT%H:%M:%SZ)\"}"
spelled '{"symbol":"BYBIT:BTCUSDT.P"}'
spelled '{"price":"47499.00"}'
one "$id"
is 'all orders' 1 "$(orders_booked)"

# Fifty at once: one is traded, whatever the others are told.
body=$(alert_body '{"symbol":"ETHUSDT","price":"2500"}')
is 'fifty at once' '200 50' "$(printf '%s\n' "$body" | flood 50)"
one "$(id_of "$body")"
is 'one order for all' 1 "$(jq -r .orderId flood/answer.* | sort -u | wc -l)"
is 'one of them is the first' 1 "$(jq -r 'select(.duplicate | not) | 1' flood/answer.* | wc -l)"

# Without a timestamp the same bytes are the same one for a minute.
no_time=$(alert_body '{"symbol":"SOLUSDT","price":"100","timestamp":null}')
post_body "$no_time"
answered 200 'without a timestamp'
before=$(orders_booked)
for _ in 1 2 3; do
	post_body "$no_time"
	answered 200 'the same bytes'
	is 'known' true "$(got .duplicate)"
done
is 'no order more' "$before" "$(orders_booked)"
# Each program killed between the first and the second.
n=0
for program in webhookd risker trader differ; do
	n=$((n + 1))
	symbol=$(echo XRPUSDT LTCUSDT LINKUSDT | cut -d ' ' -f $n)
	if [ -n "$symbol" ]; then
		case $symbol in XRPUSDT) price=0.6 ;; LTCUSDT) price=70 ;; *) price=15 ;; esac
		alert "{\"symbol\":\"$symbol\",\"price\":\"$price\"}"
	else
		alert '{"symbol":"LINKUSDT","action":"close","price":"15"}'
	fi
	answered 200 "before $program is killed"
	kill9 "$program"
	$program
	wait_for 10 connected
	body=$BODY
	post_body "$body"
	answered 200 "after $program was killed"
	is 'known' true "$(got .duplicate)"
	is 'one order' 1 "$(booked)"
done
# All of them at once, and the first alert of all.
for program in webhookd risker trader; do kill9 $program; done
trader && risker && webhookd
wait_for 10 connected
post_body "$(alert_body "{\"timestamp\":\"$at\"}")"
answered 200 'after all were killed'
is 'known' true "$(got .duplicate)"
one "$id"
judge told
stop_all
