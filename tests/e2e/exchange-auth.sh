#!/bin/sh
# Who may call the stand-in: headers, time window, key, signature, address,
# rights, rate limits, each with Bybit's code; the published signatures.
#
# Not tested: RSA keys, limits shared by several keys.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl openssl

exchange
scope='category=linear&settleCoin=USDT'

# The signatures of the reference, at the time that they were made for.
vector() {
	control clock '{"now_ms":1700000000000}'
	curl -sS -m 10 -H 'X-BAPI-API-KEY: test_api_key' \
	    -H 'X-BAPI-TIMESTAMP: 1700000000000' -H 'X-BAPI-RECV-WINDOW: 5000' \
	    -H "X-BAPI-SIGN: $1" -H 'Content-Type: application/json' \
	    ${3:+-d} ${3:+"$3"} "$URL$2"
}
answers 'vector of a GET' 0 "$(vector \
    fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7 \
    '/v5/position/list?category=linear&symbol=BTCUSDT')"
answers 'vector with a limit' 0 "$(vector \
    f2e3d8ecaefdf743ea18874927c6c4340118c9435663acfdc1375256f963760c \
    '/v5/position/list?category=linear&settleCoin=USDT&limit=200')"
answers 'vector with a cursor' 0 "$(vector \
    29c6aab8166b1356c6a24351bb910a3bc040f9de67099eae7f42f3428780f80f \
    '/v5/position/list?category=linear&settleCoin=USDT&limit=200&cursor=LTCUSDT%2C1699948800031%2C0')"
answers 'vector without a query' 0 "$(vector \
    cfffd774219bfa1d400476f699f830daaedcd3c41faa1dbdda95a8f4dd8170cc \
    /v5/user/query-api)"
answers 'vector of a POST' 0 "$(vector \
    fa1834bedaf70ef48fa74fd0f9926e46e90940525c21b72424ced57055831470 \
    /v5/order/create '{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.001","positionIdx":0,"orderLinkId":"demo-0001"}')"
# Signed as it should be, and about no order that there is.
answers 'vector of a POST with blanks' 110001 "$(vector \
    2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d69700cb2a1 \
    /v5/order/cancel '{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "test-order-1"}')"
answers 'vector of something else' 10004 "$(vector \
    fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7 \
    '/v5/position/list?category=linear&symbol=ETHUSDT')"
control clock '{"offset_ms":0}'

# The headers of a private reply; none of them on a public one.
answers 'a signed call' 0 "$(get /v5/position/list "$scope")"
is Ret_code 0 "$(header Ret_code)"
is X-Bapi-Limit 50 "$(header X-Bapi-Limit)"
[ "$(header X-Bapi-Limit-Status)" -lt 50 ] || fail "nothing was counted"
for name in Traceid Timenow X-Bapi-Limit-Reset-Timestamp; do
	[ -n "$(header $name)" ] || fail "no $name"
done
control limits '{"headers":false}'
answers 'without limit headers' 0 "$(get /v5/position/list "$scope")"
is 'no X-Bapi-Limit' '' "$(header X-Bapi-Limit)"
control clear '{}'

# No headers: 401.
is 'no headers' 401 \
    "$(curl -sS -o /dev/null -w '%{http_code}' "$URL/v5/position/list?$scope")"

# The window: server - 5000 <= timestamp < server + 1000 (F20).  The clock
# stands still for no one, so some room is left on the near side.
late() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		control clock '{"now_ms":1700000000000}'
		late_body=$(AT=$1 get /v5/position/list "$scope")
		# Else the machine took its time, and it is another question.
		[ "$(printf '%s' "$late_body" | jq .time)" -ge 1700000000500 ] || break
	done
	printf '%s' "$late_body"
}
answers 'far behind' 10002 "$(late 1699999994999)"
answers 'just behind' 0 "$(late 1699999996000)"
answers 'just ahead' 0 "$(late 1700000000990)"
answers 'far ahead' 10002 "$(late 1700000002000)"
WINDOW=60000 answers 'a wide window lets a late one in' 0 "$(WINDOW=60000 late 1699999950000)"
answers 'and not an early one' 10002 "$(WINDOW=60000 late 1700000002000)"
case $(late 1699999994999 | jq -r .retMsg) in
*'req_timestamp[1699999994999],server_timestamp[170000000'*'],recv_window[5000]') ;;
*) fail "10002 does not name the times" ;;
esac
control clock '{"offset_ms":0}'

# Key and signature.  What the server signed is quoted.
answers 'another key' 10003 "$(KEY=other get /v5/position/list "$scope")"
AT=$(now_ms)
body=$(SECRET=other AT=$AT get /v5/position/list "$scope")
answers 'another secret' 10004 "$body"
is 'the origin string' "error sign! origin_string[${AT}test_api_key5000$scope]" \
    "$(printf '%s' "$body" | jq -r .retMsg)"
unset AT
control key '{"valid":false}'
answers 'a deleted key' 10003 "$(get /v5/position/list "$scope")"
control key '{"valid":true,"expired":true}'
answers 'an expired key' 33004 "$(get /v5/position/list "$scope")"
control key '{"expired":false,"ips":["10.0.0.1"]}'
answers 'an unbound address' 10010 "$(get /v5/position/list "$scope")"
control key '{"ips":["10.0.0.1","127.0.0.1"]}'
answers 'a bound address' 0 "$(get /v5/position/list "$scope")"

# Rights.
control key '{"readOnly":1}'
answers 'a read-only key reads' 0 "$(get /v5/position/list "$scope")"
answers 'and does not trade' 10005 "$(order BTCUSDT Buy 0.01)"
is 'query-api says so' 1 "$(get /v5/user/query-api | jq .result.readOnly)"
control key '{"readOnly":0,"permissions":{"Wallet":[]}}'
answers 'no right to the wallet' 10005 \
    "$(get /v5/account/wallet-balance accountType=UNIFIED)"
answers 'positions all the same' 0 "$(get /v5/position/list "$scope")"
control key '{"permissions":{"ContractTrade":["Order"]}}'
answers 'no right to positions' 10005 "$(get /v5/position/list "$scope")"
answers 'orders all the same' 0 "$(get /v5/order/history category=linear)"
control key '{"permissions":{"ContractTrade":["Order","Position"],"Wallet":["AccountTransfer"]}}'

# The checks come in their order: time before key before signature.
AT=1 answers 'time before key' 10002 "$(AT=1 KEY=other get /v5/position/list "$scope")"
answers 'key before signature' 10003 "$(KEY=other SECRET=x get /v5/position/list "$scope")"

# Codes that no rule gives are given on request (10007 to 10009, 10016).
for code in 10006 10007 10008 10009 10016; do
	control fault "{\"path\":\"/v5/position/list\",\"retCode\":$code}"
	answers "fault $code" "$code" "$(get /v5/position/list "$scope")"
	answers "once" 0 "$(get /v5/position/list "$scope")"
done

# Rates: two a second, then 10006 with the time when there is room again (F21).
# One curl asks thrice, as for three of them a second can be too short.
sleep 1
control limits '{"per_second":2}'
get /v5/account/info '' "$URL/v5/account/info" "$URL/v5/account/info" >thrice
is 'the first, the second, the third' '0 0 10006' "$(jq .retCode thrice | paste -sd ' ')"
is 'what is left' '1 0 0' "$(header X-Bapi-Limit-Status | paste -sd ' ')"
now=$(jq .time thrice | tail -n 1)
reset=$(header X-Bapi-Limit-Reset-Timestamp | tail -n 1)
[ "$reset" -gt "$now" ] && [ "$reset" -le $((now + 1000)) ] ||
    fail "room again at $reset, asked at $now"
answers 'another endpoint' 0 "$(get /v5/position/list "$scope")"
sleep 1
answers 'a second later' 0 "$(get /v5/account/info)"
control clear '{}'

# Too many from one address: 403 for all of them, until cleared (F21).
control limits '{"per_ip":3}'
for _ in 1 2 3 4; do
	status=$(curl -sS -o page -w '%{http_code}' "$URL/v5/market/time")
done
is 'the fourth' 403 "$status"
is 'its page' 'access too frequent' "$(cat page)"
is 'and the fifth' 403 \
    "$(curl -sS -o page -w '%{http_code}' "$URL/v5/market/time")"
control clear '{}'
answers 'cleared' 0 "$(curl -sS "$URL/v5/market/time")"

# Paths, methods, a GET with a body, a body that is no JSON.
is 'no such path' 404 \
    "$(curl -sS -o /dev/null -w '%{http_code}' "$URL/v5/market/nothing")"
answers 'another method' 10017 "$(curl -sS -X DELETE "$URL/v5/market/time")"
is 'a GET with a body' 403 "$(curl -sS -o /dev/null -w '%{http_code}' \
    -X GET -d '{}' "$URL/v5/position/list?$scope")"
answers 'no JSON' 10001 "$(post /v5/order/create '{"category":')"
answers 'a key twice' 10001 "$(post /v5/order/create \
    '{"category":"linear","category":"inverse"}')"

# No secret in what is kept.
! grep -q test_secret "$JOURNAL" exchange.log || fail "the secret is in the journal"
stop exchange
