#!/bin/sh
# F61, F63, F64, F67, F68: leverage that is set already, hedge mode and a mode
# that flips, a close that races with a stop, a key that loses its rights, and
# orders and positions of others, which stay as they are.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
. "$top/tests/exchange/call.sh"
# call.sh has one of its own.
position() {
	curl -sS "$URL/control/state" | jq -r --arg s "${1:-BTCUSDT}" --argjson i "${2:-0}" \
	    '[.positions[] | select(.symbol == $s and .positionIdx == $i and .side != "") | "\(.side) \(.size) \(.stopLoss)"] | .[0] // "flat"'
}
requires openssl
exchange
control trade '{"symbol":"SOLUSDT","side":"Sell","qty":"10"}'
post /v5/order/create '{"category":"linear","symbol":"SOLUSDT","side":"Sell","orderType":"Limit","qty":"1","price":"120","orderLinkId":"foreign-1"}' >/dev/null
control leverage "{\"symbol\":\"$(coin 2)\",\"leverage\":\"5\"}"
control leverage "{\"symbol\":\"$(coin 3)\",\"leverage\":\"5\"}"
trading ALLOWED_SYMBOLS="BTCUSDT,ETHUSDT,SOLUSDT,$(coins 10)" $small LEVERAGE=10

# F61: it is 10 already; and for another it is set first.
alert "{\"symbol\":\"$(coin 1)\",\"price\":\"1\"}"
answered 200 'the same leverage'
alert "{\"symbol\":\"$(coin 2)\",\"price\":\"1\"}"
answered 200 'another leverage'
is 'it was set' 10 "$(curl -sS "$URL/control/state" | jq -r --arg s "$(coin 2)" '.positions[] | select(.symbol == $s).leverage')"
control fault "{\"path\":\"/v5/position/set-leverage\",\"match\":\"$(coin 3)\",\"retCode\":110043,\"count\":0}"
alert "{\"symbol\":\"$(coin 3)\",\"price\":\"1\"}"
answered 200 'not modified'

# F63: the account flips to hedge mode: an entry may be refused for it, the next
# names the leg; the mode stays as it is.
control mode "{\"symbol\":\"$(coin 4)\",\"mode\":3}"
alert "{\"symbol\":\"$(coin 4)\",\"price\":\"1\"}"
[ "$STATUS" != 422 ] || alert "{\"symbol\":\"$(coin 4)\",\"price\":\"1\"}"
answered 200 'hedge mode'
held_leg=$(position "$(coin 4)" 1)
[ "${held_leg#Buy }" != "$held_leg" ] && [ "${held_leg##* }" = 0.98 ] || fail "the leg: $held_leg"
# Of a trade that is over before it is looked at nobody can tell the leg.
seen() { "$B/statecat" -d "$S" differ/positions | grep -q "$(coin 4)"; }
wait_for 10 seen
alert "{\"symbol\":\"$(coin 4)\",\"action\":\"close\",\"price\":\"1\"}"
answered 200 'the close of a leg'
is 'gone' flat "$(position "$(coin 4)" 1)"
# In the very moment of the order.
control fault "{\"path\":\"/v5/order/create\",\"match\":\"$(coin 5)\",\"first\":{\"mode\":{\"symbol\":\"$(coin 5)\",\"mode\":3}}}"
alert "{\"symbol\":\"$(coin 5)\",\"price\":\"1\"}"
answered 422 'flipped under way'
is 'what Bybit said' 10001 "$(got .retCode)"
is 'nothing there' 'flat flat' "$(position "$(coin 5)" 0) $(position "$(coin 5)" 1)"
is 'asked once' 1 "$(sent)"
! grep -q switch-mode "$JOURNAL" || fail 'the mode was switched'

# F64: the stop fires first; the close finds nothing, and is done.
control fault "{\"path\":\"/v5/order/create\",\"match\":\"reduceOnly\\\":true\",\"first\":{\"price\":{\"$(coin 1)\":\"0.97\"}}}"
alert "{\"symbol\":\"$(coin 1)\",\"action\":\"close\",\"price\":\"1\"}"
answered 200 'a close that is late'
is 'flat, and not short' flat "$(position "$(coin 1)")"

# F67: no right to trade any more: entries stop, what is open is watched.
control key '{"permissions":{"ContractTrade":["Position"]}}'
alert "{\"symbol\":\"$(coin 6)\",\"price\":\"1\"}"
answered 422 'no right'
no_right=$(jq -s '[.[] | select(.retCode == 10005)] | length' "$JOURNAL")
alert "{\"symbol\":\"$(coin 7)\",\"price\":\"1\"}"
answered 422 'nor now'
[ $(($(jq -s '[.[] | select(.retCode == 10005)] | length' "$JOURNAL") - no_right)) -le 3 ] || fail 'it hammers'
"$B/statecat" -d "$S" trader/alarms | grep -q '"open":true' || fail 'no alarm'
is 'nothing there' flat "$(position "$(coin 6)")"
control key '{"permissions":{"ContractTrade":["Order","Position"],"Wallet":["AccountTransfer"]}}'

# F68: three starts; what others hold and order is as it was.
others=$(position SOLUSDT)
for n in 1 2 3; do
	kill9 trader
	trader
	wait_for 10 up
done
wait_for 10 resolved
is 'the position of others' "$others" "$(position SOLUSDT)"
is 'their order' New "$(get /v5/order/realtime 'category=linear&orderLinkId=foreign-1' | jq -r '.result.list[0].orderStatus')"
held "$(coin 2)" || fail "ours: $(position "$(coin 2)")"
judge told
stop_all
