#!/bin/sh
# The operator's hand: halted, entries are refused and closes go on, also across
# restarts and set by any means; DRY_RUN and test alerts go the whole way but
# for the order.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading

refused() {
	answered 422 "$1"
	got '.errors | join(" ")' | grep -qi halt || fail "$1: $(cat answer)"
}
alert
answered 200 'before'
"$top/scripts/halt" -d "$S" 'somebody said so' >halt.out 2>&1 || fail "halt: $(cat halt.out)"
alert '{"symbol":"ETHUSDT","price":"2500"}'
refused 'by the script'
got '.errors | join(" ")' | grep -q 'somebody said so' || fail "the reason: $(cat answer)"
# Refused is refused: resumed, the same alert is not traded after all.
halted=$BODY
kill9 trader
trader
kill9 risker
risker
wait_for 10 connected
alert '{"symbol":"ETHUSDT","price":"2500"}'
refused 'after a restart'
alert '{"action":"close"}'
answered 200 'a close'
flat || fail 'a close was held up'
"$top/scripts/resume" -d "$S" >resume.out 2>&1 || fail "resume: $(cat resume.out)"
post_body "$halted"
refused 'again, after it was resumed'
alert '{"symbol":"ETHUSDT","price":"2500"}'
answered 200 'resumed'
# An empty file that somebody touched counts as well.
: >"$S/halt"
alert
refused 'by hand'
rm "$S/halt"
# Over the operator's listener.
is 'api' 200 "$(curl -sS -o api.out -w '%{http_code}' -H 'Content-Type: application/json' -d '{"why":"test"}' "$ADMIN/api/halt")"
alert
refused 'over the api'
is 'api' 200 "$(curl -sS -o api.out -w '%{http_code}' -H 'Content-Type: application/json' -d '{}' "$ADMIN/api/resume")"

# A test alert, and a dry run: answered as if, nothing sent.
before=$(orders_booked)
dry() {
	answered 200 "$1"
	is "$1" 'true true null' "$(got '"\(.ok) \(.dryRun) \(.orderId)"')"
	is "$1: no order" "$before" "$(orders_booked)"
	is "$1: its row" dry "$(state)"
}
alert '{"test":true}'
dry 'a test'
is 'as it would be' '0.210 47500.00 46550.00' "$(sed 's/.*"quantity":\([^,]*\).*"price":\([^,]*\).*"stopLoss":\([^,]*\).*/\1 \2 \3/' answer)"
kill9 trader
trader DRY_RUN=true
wait_for 10 connected
alert
dry 'a dry run'
alert '{"symbol":"ETHUSDT","action":"close"}'
answered 200 'a dry close'
is 'a dry close' true "$(got .dryRun)"
is 'it is still there' "$before" "$(orders_booked)"
# Dry orders hold no place.
kill9 trader
trader
wait_for 10 connected
alert
answered 200 'after the dry run'
judge told
stop_all
