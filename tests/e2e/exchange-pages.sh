#!/bin/sh
# Pages of the stand-in: 0, 20, 21, 200 and 201 positions (F16), instruments,
# executions, closed-pnl, orders; limits and cursors.
#
# Not tested: pages that shift because trades happen in between.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl openssl

# positions N: start with so many, each of 10 (of value 10).
positions() {
	i=0
	while [ "$i" -lt "$1" ]; do
		i=$((i + 1))
		printf '{"at":0,"trade":{"symbol":"COIN%03dUSDT","side":"Buy","qty":"10"}}\n' "$i"
	done >market.ndjson
	exchange -m market.ndjson
}

# pages PATH QUERY LIMIT: all rows of all pages to rows.ndjson, sizes to sizes.
# A page that is not full is the last; an empty one has no cursor.
pages() {
	cursor=
	: >rows.ndjson
	: >sizes
	while :; do
		get "$1" "$2${3:+&limit=$3}${cursor:+&cursor=$cursor}" >page.json
		answers "$1 page" 0 "$(cat page.json)"
		jq -c '.result.list[]' page.json >>rows.ndjson
		n=$(jq '.result.list | length' page.json)
		echo "$n" >>sizes
		cursor=$(jq -r .result.nextPageCursor page.json)
		[ "$n" -eq "${3:-20}" ] || break
	done
	if [ "$n" -eq 0 ]; then
		is 'the cursor of an empty page' '' "$cursor"
	elif [ "$1" != /v5/market/instruments-info ]; then
		[ -n "$cursor" ] || fail "the last page of $1 has no cursor"
	fi
}

# expect ROWS SIZES: as many rows, none twice, on pages of these sizes.
expect() {
	is 'rows' "$1" "$(wc -l <rows.ndjson)"
	is 'different rows' "$1" "$(sort -u rows.ndjson | wc -l)"
	is 'sizes' "$2" "$(tr '\n' ' ' <sizes)"
}

scope='category=linear&settleCoin=USDT'
for case in '0:0 :0 ' '20:20 0 :20 ' '21:20 1 :21 '; do
	count=${case%%:*} sizes=${case#*:}
	positions "$count"
	pages /v5/position/list "$scope"
	expect "$count" "${sizes%%:*}"
	pages /v5/position/list "$scope" 200
	expect "$count" "${sizes#*:}"
	stop exchange
done
positions 201
pages /v5/position/list "$scope" 200
expect 201 '200 1 '
pages /v5/position/list "$scope"
expect 201 '20 20 20 20 20 20 20 20 20 20 1 '

# The cursor is the row's, encoded: symbol, updatedTime, positionIdx.
get /v5/position/list "$scope&limit=2" >page.json
is 'the cursor' "COIN002USDT%2C$(jq -r '.result.list[1].updatedTime' page.json)%2C0" \
    "$(jq -r .result.nextPageCursor page.json)"

# As it is, and encoded once more, as some libraries do.
for cursor in COIN002USDT%2C0%2C0 COIN002USDT%252C0%252C0; do
	is "behind $cursor" COIN003USDT "$(get /v5/position/list \
	    "$scope&limit=1&cursor=$cursor" | jq -r '.result.list[].symbol')"
done

# A limit over the maximum is the maximum; no number is refused.
is 'limit 1000' 200 "$(get /v5/position/list "$scope&limit=1000" | jq '.result.list | length')"
answers 'limit x' 10001 "$(get /v5/position/list "$scope&limit=x")"
answers 'limit 0' 10001 "$(get /v5/position/list "$scope&limit=0")"
answers 'a made-up cursor' 10001 "$(get /v5/position/list "$scope&cursor=abc")"

# Lists by time: newest first.
pages /v5/execution/list category=linear 100
expect 201 '100 100 1 '
is 'newest first' COIN201USDT "$(head -n 1 rows.ndjson | jq -r .symbol)"
pages /v5/order/history category=linear 50
expect 201 '50 50 50 50 1 '
stop exchange

# 200 positions and no more: the full page is followed by an empty one.
positions 200
pages /v5/position/list "$scope" 200
expect 200 '200 0 '
control trade '{"symbol":"COIN001USDT","side":"Sell","qty":"10","reduceOnly":true}'
control trade '{"symbol":"COIN002USDT","side":"Sell","qty":"10","reduceOnly":true}'
control trade '{"symbol":"COIN003USDT","side":"Sell","qty":"10","reduceOnly":true}'
pages /v5/position/closed-pnl category=linear 2
expect 3 '2 1 '
is 'newest first' COIN003USDT "$(head -n 1 rows.ndjson | jq -r .symbol)"

# Instruments: more than one page of 500 (F58); the last has no cursor.
curl -sS "$URL/v5/market/instruments-info?category=linear" >page.json
is 'a page of instruments' 500 "$(jq '.result.list | length' page.json)"
cursor=$(jq -r .result.nextPageCursor page.json)
curl -sS "$URL/v5/market/instruments-info?category=linear&cursor=$cursor" >page2.json
is 'no cursor on the last' '' "$(jq -r .result.nextPageCursor page2.json)"
is 'all of them' 614 "$(jq -s '[.[].result.list[].symbol] | unique | length' page.json page2.json)"
is 'in one page' 614 "$(curl -sS "$URL/v5/market/instruments-info?category=linear&limit=1000" |
    jq '.result.list | length')"
stop exchange
