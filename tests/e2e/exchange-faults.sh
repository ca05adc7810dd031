#!/bin/sh
# What can be made to go wrong on the stand-in, and that it goes wrong as
# asked: codes, statuses, resets before and after the effect, hangs, half
# bodies, single bytes, late and stale rows (F01, F10, F13, F19, F22).
#
# Not tested: faults in combination, but for a delay with another.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl openssl gzip

exchange
control limits '{"per_second":1000}'
scope='category=linear&settleCoin=USDT'
done_order BTCUSDT Buy 0.1

# outcome [curl option...]: curl's exit code, HTTP status and size of a list.
outcome() {
	got=0
	status=$(get /v5/position/list "$scope" -o body -w '%{http_code}' "$@" 2>/dev/null) || got=$?
	printf '%s %s %s\n' "$got" "$status" "$(jq '.result.list | length' body 2>/dev/null || echo -)"
}
is 'as it should be' '0 200 1' "$(outcome)"

# A code, three times but for the first one, on this path alone.
control fault '{"path":"/v5/position/list","retCode":10016,"skip":1,"count":2}'
answers 'skipped' 0 "$(get /v5/position/list "$scope")"
answers 'first' 10016 "$(get /v5/position/list "$scope")"
answers 'elsewhere' 0 "$(get /v5/account/info)"
answers 'second' 10016 "$(get /v5/position/list "$scope")"
answers 'over' 0 "$(get /v5/position/list "$scope")"

# Until cleared; only where the query has it (F24).
control fault '{"path":"/v5/position/list","match":"settleCoin=USDC","retCode":10000,"retMsg":"x","count":0}'
answers 'USDC' 10000 "$(get /v5/position/list 'category=linear&settleCoin=USDC')"
answers 'USDT' 0 "$(get /v5/position/list "$scope")"
answers 'USDC again' 10000 "$(get /v5/position/list 'category=linear&settleCoin=USDC')"
control clear '{}'
answers 'cleared' 0 "$(get /v5/position/list 'category=linear&settleCoin=USDC')"

# Statuses and bodies.
control fault '{"path":"/v5/position/list","status":502,"body":"<html>bad gateway</html>"}'
is '502' '0 502 -' "$(outcome)"
is 'its page' '<html>bad gateway</html>' "$(cat body)"
control fault '{"path":"/v5/position/list","status":403,"body":"access too frequent","content_type":"text/plain"}'
is '403' '0 403 -' "$(outcome)"
control fault '{"path":"/v5/position/list","garbage":"{\"retCode\":0,"}'
is 'garbage' '0 200 -' "$(outcome)"
control fault '{"path":"/v5/position/list","body":"{}"}'
is 'an empty object' '{}' "$(get /v5/position/list "$scope")"
control fault '{"path":"/v5/position/list","retCode":10006,"status":429}'
is 'a code with a status' '0 429 0' "$(outcome)"

# Bytes: too few, too many, one by one, packed.
control fault '{"path":"/v5/position/list","truncate":40}'
is 'truncated' '18 200 -' "$(outcome)"
is 'forty bytes' 40 "$(wc -c <body)"
control fault '{"path":"/v5/position/list","size":3000000}'
is 'large' '0 200 -' "$(outcome)"
is 'so large' 3000000 "$(wc -c <body)"
control fault '{"path":"/v5/position/list","drip_ms":20}'
is 'dripping' '28 200 -' "$(outcome -m 1)"
[ "$(wc -c <body)" -le 55 ] || fail "$(wc -c <body) bytes in a second"
control fault '{"path":"/v5/position/list","drip_ms":1,"empty_list":true}'
is 'dripped' '0 200 0' "$(outcome -m 9)"
control fault '{"path":"/v5/position/list","gzip_without_header":true}'
is 'packed' '0 200 -' "$(outcome)"
is 'in truth all is there' 1 "$(gzip -dc <body | jq '.result.list | length')"

# Time.
control fault '{"path":"/v5/position/list","delay_ms":3000}'
is 'late' '28 000 -' "$(rm -f body; outcome -m 0.4)"
control fault '{"path":"/v5/position/list","delay_ms":100,"retCode":10016}'
answers 'late and wrong' 10016 "$(get /v5/position/list "$scope")"
control fault '{"path":"/v5/position/list","hang":true}'
is 'hangs' '28 000 -' "$(rm -f body; outcome -m 0.4)"

# Lists: empty, or as they were, with the old seq.
control fault '{"path":"/v5/position/list","empty_list":true}'
is 'empty' '0 200 0' "$(outcome)"
is 'and there again' '0 200 1' "$(outcome)"
seq=$(position BTCUSDT 0 .seq)
sleep 3.1
done_order BTCUSDT Buy 0.1
control fault '{"path":"/v5/position/list","stale_ms":3000}'
is 'stale' "0.1 $seq" "$(position BTCUSDT 0 '"\(.size) \(.seq)"')"
is 'fresh' "0.2 $((seq + 1))" "$(position BTCUSDT 0 '"\(.size) \(.seq)"')"

# Reset before and after the order was taken; 502 after it was (F01).
control fault '{"path":"/v5/order/create","reset":"before"}'
! order BTCUSDT Buy 0.1 '"orderLinkId":"before"' 2>/dev/null || fail 'a reply after a reset'
is 'not booked' 0 "$(get /v5/order/realtime 'category=linear&orderLinkId=before' | jq '.result.list | length')"
control fault '{"path":"/v5/order/create","reset":"after"}'
! order BTCUSDT Buy 0.1 '"orderLinkId":"after"' 2>/dev/null || fail 'a reply after a reset'
is 'booked' 1 "$(get /v5/order/realtime 'category=linear&orderLinkId=after' | jq '.result.list | length')"
control fault '{"path":"/v5/order/create","status":502,"effect":true}'
order BTCUSDT Buy 0.1 '"orderLinkId":"gateway"' >/dev/null
is 'booked, too' 1 "$(get /v5/order/realtime 'category=linear&orderLinkId=gateway' | jq '.result.list | length')"
control fault '{"path":"/v5/order/create","hang":true,"effect":false}'
! post /v5/order/create \
    '{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.1","orderLinkId":"hung"}' \
    -m 0.3 >/dev/null 2>&1 || fail 'a reply, though it hangs'
is 'not booked' 0 "$(get /v5/order/realtime 'category=linear&orderLinkId=hung' | jq '.result.list | length')"

# What can be seen late: closed-pnl, positions, orders (F04, F13).
sleep 4 # rows are shown as they were so long ago
control delay '{"closed_pnl_ms":4000,"position_ms":4000,"order_ms":4000}'
done_order BTCUSDT Sell 0.1 '"reduceOnly":true,"orderLinkId":"closing"'
late() {
	printf '%s %s %s\n' \
	    "$(get /v5/position/closed-pnl category=linear | jq '.result.list | length')" \
	    "$(position BTCUSDT 0 .size)" \
	    "$(get /v5/order/history 'category=linear&orderLinkId=closing' | jq '.result.list | length')"
}
is 'not yet' '0 0.4 0' "$(late)"
seen() {
	[ "$(late)" = '1 0.3 1' ]
}
wait_for 10 seen
# A clock that is set back takes nothing away.
control clock '{"offset_ms":-60000}'
is 'a minute ago' '1 0.3 1' "$(AT=$(($(now_ms) - 60000)) late)"
control clock '{"offset_ms":0}'
control hide '{"closed_pnl":true}'
is 'hidden' '0 0.3 1' "$(late)"
control clear '{}'
is 'shown' '1 0.3 1' "$(late)"

# Nonsense is refused, and changes nothing.
nonsense() {
	is "$1 $2" 400 "$(curl -sS -o answer -w '%{http_code}' -d "$2" "$URL/control/$1")"
	is 'it says so' false "$(jq .ok answer)"
}
nonsense fault '{"path":"/v5/position/list"}'
nonsense fault '{"path":"/v5/position/list","retcode":1}'
nonsense fault '{"path":"/v5/position/list","reset":"maybe"}'
nonsense price '{"BTCUSDT":"47500.01"}'
nonsense price '{"NOUSDT":"1"}'
nonsense trade '{"symbol":"BTCUSDT","side":"Buy","qty":"1000"}'
nonsense liquidate '{"symbol":"LTCUSDT"}'
nonsense mode '{"symbol":"LTCUSDT","mode":1}'
nonsense nothing '{}'
nonsense price 'x'
answers 'all is well' 0 "$(get /v5/position/list "$scope")"

# The journal has every call in its order, with what went wrong, and none of
# /control/.
jq -c . "$JOURNAL" >/dev/null || fail 'the journal is not JSON'
is 'numbers' "$(jq -s 'map(select(.n)) | length' "$JOURNAL")" "$(jq -s 'map(.n) | max' "$JOURNAL")"
is 'in order' true "$(jq -s 'map(.n // empty) | . == sort' "$JOURNAL")"
is 'no control' 0 "$(grep -c /control/ "$JOURNAL" || :)"
is 'faults' 'body delay drip empty_list gzip_without_header hang reset retCode size stale status truncate' \
    "$(jq -r 'select(.fault) | .fault' "$JOURNAL" | sort -u | tr '\n' ' ' | sed 's/ $//')"
is 'the reset order' '0 0' "$(jq -r 'select(.fault == "reset" and .retCode == 0) | "\(.status) \(.retCode)"' "$JOURNAL")"
stop exchange
