#!/bin/sh
# The trading pipeline as filters: `webhookd <results | risker | trader
# >results` in a shell, its end by SIGTERM (F96: whoever ends first, all of it
# drains), the next ring on the same state; then `risker <alerts` and `trader
# <orders` by themselves.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"

exchange
control limits '{"per_second":1000,"per_ip":0}'
WEBHOOK_LISTEN=127.0.0.1:$(free_port)
ADMIN_LISTEN=127.0.0.1:$(free_port)
HOOK=http://$WEBHOOK_LISTEN ADMIN=http://$ADMIN_LISTEN
export WEBHOOK_LISTEN ADMIN_LISTEN
spawn signals sh -c "'$B/poller' 2>'$T/poller.log' | '$B/differ'"
wait_for 15 fed

# The ring with a name for each pipe, so that each status is seen.  What is
# opened first is opened by both sides.
mkfifo alerts orders results
ring() {
	: >webhookd.log
	spawn webhookd sh -c "exec '$B/webhookd' >alerts <results"
	spawn risker sh -c "exec '$B/risker' <alerts >orders"
	spawn trader sh -c "exec '$B/trader' <orders >results"
	wait_for 15 has webhookd.log 'msg="\{0,1\}ready'
}
end_ring() {
	kill -TERM "$(pid_of webhookd)"
	ended webhookd 0
	ended risker 0
	ended trader 0
}
ring
alert
answered 200 'the ring'
is 'a long' 'true BTCUSDT Buy' "$(got '"\(.ok) \(.symbol) \(.side)"')"
alert_again
answered 200 'again'
is 'again' true "$(got .duplicate)"
alert '{"symbol":"SOLUSDT"}'
answered 422 'a symbol that nobody allows'
alert '{"action":"close"}'
answered 200 'the close'
is 'after the close' flat "$(position)"
end_ring

# The next ring knows what came of it.
ring
alert_again
answered 200 'after a restart'
is 'after a restart' true "$(got .duplicate)"
alert '{"symbol":"ETHUSDT","trendComposite":-4,"action":null,"price":"2500"}'
answered 200 'a short'
# SIGTERM while an order is under way: its client is answered, and the ring
# does not end before trader has said what came of it.
control fill '{"delay_ms":500}'
bar=$((bar + 60000))
alert_body '{"symbol":"ETHUSDT","action":"close"}' >late
curl -sS -m 10 -o late.json -w '%{http_code}' --data-binary @late "$HOOK/bybit" >late.code &
late=$!
wait_for 10 has webhookd.log 'msg="alert".*action=close symbol=ETHUSDT'
end_ring
wait "$late" || fail 'SIGTERM: a client that waited was cut off'
case $(cat late.code) in 200 | 202) ;; *) fail "SIGTERM: $(cat late.code) $(cat late.json)" ;; esac
is 'no alert is pending' 0 "$("$B/statecat" webhookd/alerts | grep -c '"state":"pending"')"
is 'after all' flat "$(position ETHUSDT)"

# The same lines by themselves, on the state that there is: the same decisions
# from risker, no second order from trader, each with its result.
"$B/statecat" webhookd/alerts | jq -sc 'map(.alert) | sort_by(.time)[]' >alerts.ndjson
"$B/statecat" risker/decisions | sort >decisions
is 'one line an alert' 5 "$(wc -l <alerts.ndjson)"
orders=$(grep -c '"/v5/order/create"' "$JOURNAL" || :)
"$B/risker" <alerts.ndjson 2>>risker.log | sort >decided
same decisions decided
"$B/trader" <decisions >told 2>>trader.log || fail 'trader <orders'
is 'results' 5 "$(jq -r 'select(.type == "result").id' told | sort -u | wc -l)"
is 'orders' "$orders" "$(grep -c '"/v5/order/create"' "$JOURNAL" || :)"
