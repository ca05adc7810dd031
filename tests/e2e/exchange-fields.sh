#!/bin/sh
# Every reply of the stand-in has the fields, and their JSON types, that
# Bybit's have: tests/exchange/fields.ndjson lists them.
#
# Not tested: the values (exchange-trade.sh does), optional keys of spot.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl openssl

exchange

# fields REPLY JSON: every value of the JSON stream is an object with just the
# fields that are listed; there is one at least.
fields() {
	jq -c --arg reply "$1" 'select(.reply == $reply) | .fields' \
	    "$top/tests/exchange/fields.ndjson" >expected
	[ -s expected ] || fail "no fields are listed for $1"
	printf '%s' "$2" | jq -cS 'map_values(type)' | sort -u >actual
	[ -s actual ] || fail "$1: there is nothing to look at"
	jq -cS . expected >sorted
	same sorted actual
}

body=$(curl -sS "$URL/v5/market/time")
fields envelope "$body"
fields time "$(printf '%s' "$body" | jq .result)"
body=$(curl -sS "$URL/v5/market/tickers?category=linear")
fields ticker "$(printf '%s' "$body" | jq '.result.list[]')"
body=$(curl -sS "$URL/v5/market/instruments-info?category=linear&limit=1000")
fields page "$(printf '%s' "$body" | jq .result)"
fields instrument "$(printf '%s' "$body" | jq '.result.list[]')"
for filter in leverageFilter priceFilter lotSizeFilter; do
	fields "$filter" "$(printf '%s' "$body" | jq ".result.list[].$filter")"
done

# Refusals have the whole envelope, too.
body=$(get /v5/position/list category=linear)
answers 'neither symbol nor coin' 10001 "$body"
fields envelope "$body"

# Position rows: never traded, open, flat again; both legs of hedge mode.
rows() {
	get /v5/position/list "category=linear&symbol=$1" | jq '.result.list[]'
}
fields position "$(rows BTCUSDT)"
done_order BTCUSDT Buy 0.02 '"stopLoss":"47000","takeProfit":"48000"'
fields position "$(rows BTCUSDT)"
body=$(get /v5/order/realtime 'category=linear&symbol=BTCUSDT')
fields page "$(printf '%s' "$body" | jq .result)"
fields order "$(printf '%s' "$body" | jq '.result.list[]')"
done_order BTCUSDT Sell 0.02 '"reduceOnly":true'
fields position "$(rows BTCUSDT)"
control mode '{"symbol":"ETHUSDT","mode":3}'
done_order ETHUSDT Sell 1 '"positionIdx":2'
is 'rows of hedge mode' '2' "$(rows ETHUSDT | jq -s length)"
fields position "$(rows ETHUSDT)"
body=$(get /v5/position/list 'category=linear&settleCoin=USDT')
fields page "$(printf '%s' "$body" | jq .result)"

control funding '{"rate":"0.0001"}'
fields order "$(get /v5/order/history category=linear | jq '.result.list[]')"
fields execution "$(get /v5/execution/list category=linear | jq '.result.list[]')"
fields closed-pnl \
    "$(get /v5/position/closed-pnl category=linear | jq '.result.list[]')"
body=$(get /v5/account/wallet-balance accountType=UNIFIED)
fields wallet "$(printf '%s' "$body" | jq '.result.list[]')"
fields coin "$(printf '%s' "$body" | jq '.result.list[].coin[]')"
fields account "$(get /v5/account/info | jq .result)"
fields key "$(get /v5/user/query-api | jq .result)"
fields order-create "$(order ETHUSDT Sell 0.1 '"positionIdx":2' | jq .result)"
fields order-cancel-all "$(post /v5/order/cancel-all \
    '{"category":"linear","settleCoin":"USDT"}' | jq .result)"
stop exchange
