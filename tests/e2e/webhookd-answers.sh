#!/bin/sh
# POST /bybit over the wire: each answer of the table; F07 (the same alert four
# times, fifty at once, in another spelling, without a timestamp), F09 (tokens,
# guesses), F42 to F47 (what a body may be), F53; and that the token is in no
# log, no state and no line.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/webhookd.sh"

risker
hook WEBHOOK_TRUST_PROXY=127.0.0.1 WEBHOOK_TIMEOUT=0.5 LOG_LEVEL=DEBUG
wait_for 10 connected

# 200, and the same again: the result without type, id and code.
post "$(alert BTCUSDT 1640995200000)"
answers 200 '. == {"ok":true,"quantity":0.020,"price":47500.00}'
grep -q '"quantity":0.020,"price":47500.00}$' answer.json || fail "F11: other digits: $(cat answer.json)"
for again in 1640995200000 1640995200 2022-01-01T00:00:00Z; do
	post "$(alert BYBIT:BTCUSDT.P $again)" -H 'Content-Type: application/json'
	answers 200 '.duplicate == true and .quantity == 0.02'
done
handed 1 || fail 'F07: the same alert was handed on again'
id=$(jq -r .id handed)
is_true 'del(.id, .time) == {"type":"alert","source":"127.0.0.1","action":"buy","symbol":"BTCUSDT","trend_composite":"4","price":"47500.00","timestamp":"1640995200000"}' \
    handed || fail "another line: $(cat handed)"
row "$id" | is_true '.state == "answered" and .code == 200' || fail "its row: $(row "$id")"

# 422, and that again.
echo 422 >verdict
post "$(alert BTCUSDT 1640995260000)"
answers 422 '.ok == false'
post "$(alert BTCUSDT 1640995260000)"
answers 422 '.duplicate == true'

# 202 when nothing comes back; the result comes too late, for this one.
echo none >verdict
post "$(alert BTCUSDT 1640995320000)"
answers 202 '.ok == true and .status == "pending" and (.id | length) == 32 and (.timestamp | length) == 24'
post "$(alert BTCUSDT 1640995320000)"
answers 202 '.duplicate == true'
handed 3 || fail 'a pending alert was handed on again'

# F07: fifty at once: one line, fifty answers, from as many addresses.
seq 50 | while read -r n; do
	alert ETHUSDT 1640995200000 >"body.$n"
	printf 'url=%s/bybit\ndata-binary=@body.%s\nheader="X-Forwarded-For: 10.0.0.%s"\noutput=at-once.%s\nwrite-out="%%{http_code}\\n"\nnext\n' \
	    "$HOOK" "$n" "$n" "$n"
done | sed '$d' >at-once
echo 200 >verdict
curl -sS --no-progress-meter -m 10 -Z --parallel-immediate --parallel-max 50 -K at-once >codes || fail 'fifty at once: a connection was cut'
[ "$(sort codes | uniq -c | tr -s ' ')" = ' 50 200' ] || fail "F07: codes: $(sort codes | uniq -c)"
handed 4 || fail "F07: $(wc -l <handed) lines for fifty at once"
[ "$(cat at-once.* | grep -c '"duplicate":true')" -ge 49 ] ||
    [ "$(grep -l '"duplicate":true' at-once.* | wc -l)" -eq 49 ] || fail 'F07: not 49 duplicates'

# F07: without a timestamp the bytes tell.
post "$(alert ETHUSDT '')"
answers 200 '.duplicate == null'
post "$(alert ETHUSDT '')"
answers 200 '.duplicate == true'
post "$(alert ETHUSDT '') "
answers 200 '.duplicate == null'
handed 6 || fail 'F07: without a timestamp'

# 400: F42 to F47, F53; nothing of it is handed on.
bad() {
	post "$1"
	answers 400 "$2"
}
bad '' '.error == "Invalid JSON"'
bad 'BTCUSDT buy' '.error == "Invalid JSON" and (.errors | length) == 1'
bad "{\"token\":\"$SECRET\",\"trendComposite\":NaN}" '.error == "Invalid JSON" and (.errors[0] | test("trendComposite.*NaN"))'
bad "$(alert BTCUSDT 1 '"symbol":"ETHUSDT"')" '.error == "Invalid JSON"'
bad "$(alert BTCUSDT 1640995200000)$(alert BTCUSDT 1640995200000)" '.error == "Invalid JSON"'
bad "$(alert BTCUSDT 1640995200000 '"comment":"a
{\"type\":\"order\"}"')" '.error == "Invalid JSON"'
bad "$(alert BTCUSDT 1640995200000 '"comment":"\u0000"')" '.error == "Invalid JSON"'
bad "$(printf '%s' "$(alert BTCUSDT 1640995200000 '"comment":"X"')" | perl -pe 's/X/\xff/')" '.error == "Invalid JSON"'
bad "$(perl -e 'print "[" x 60000')" '.error == "Invalid JSON"'
bad '[]' '.error == "Invalid JSON"'
bad "{\"token\":\"$SECRET\",\"trendComposite\":null,\"symbol\":\"{{ticker}}\",\"price\":\"{{close}}\"}" \
    '.error == "Invalid alert" and (.errors | length) == 3 and (.errors[2] | test("^price is .*{{close}}.*expected"))'
bad "$(alert BYBIT:BTCUSDT 1640995200000)" '.errors[0] | test("^symbol is ")'
# Any Content-Type will do, and unknown keys.
post "$(alert BTCUSDT 1640995380000 '"comment":["x",{}]')" -H 'Content-Type: text/plain; charset=utf-8'
answers 200

# Other paths and methods.
code() {
	curl -sS -m 5 -o answer.json -w '%{http_code}' "$@"
}
[ "$(code "$HOOK/")" = 404 ] || fail 'GET /'
[ "$(code "$HOOK/bybit/")" = 404 ] || fail 'GET /bybit/'
[ "$(code "$HOOK/api/orders")" = 404 ] || fail "the operator's side is public"
[ "$(code "$HOOK/bybit")" = 405 ] || fail 'GET /bybit'
[ "$(code -d x "$HOOK/status")" = 405 ] || fail 'POST /status'
# What is refused before it is an alert is in the log, too, of which strangers get
# ten lines a second: a quick machine has had them.
chunked() {
	[ "$(code -H 'Transfer-Encoding: chunked' -d x "$HOOK/bybit")" = 400 ] &&
	    has webhookd.log 'refused a request.*code=400 error="Transfer-Encoding .*source=127.0.0.1'
}
wait_for 10 chunked
[ "$(code "$HOOK/status")" = 503 ] && is_true '.status == "degraded"' answer.json ||
    fail 'GET /status without anything running is not degraded'

# 401: nothing but that is told; guesses are slowed down, and theirs alone.
guess() {
	post "$1" -H 'X-Forwarded-For: 10.9.9.9'
	[ "$STATUS" = 429 ] || answers 401 'keys == ["error","ok","timestamp"] and .error == "Bad token"'
}
guess '{"price":null}'
guess '{"token":null}'
guess "{\"token\":\"${SECRET%?}\"}"
guess "{\"token\":\"${SECRET}x\"}"
# One curl makes them, and the right one after them: the first wait is a second.
echo '{"token":"x"}' >wrong
alert BTCUSDT 1640995440000 >right
set -- -sS -m 10 -o answer.json -w '%{http_code}\n' -H 'X-Forwarded-For: 10.9.9.9'
curl "$@" --data-binary @wrong "$HOOK/bybit?[1-20]" --next "$@" --data-binary @right "$HOOK/bybit" >codes
[ "$(sed -n 1p codes) $(sed -n 20p codes)" = '401 429' ] || fail "F09: guesses are not slowed down: $(paste -sd ' ' codes)"
[ "$(sed -n 21p codes)" = 429 ] || fail "F09: among guesses the right token gets $(sed -n 21p codes)"
post "$(alert BTCUSDT 1640995440000)" -H 'X-Forwarded-For: 10.9.9.8'
answers 200
[ "$(jq -r 'select(.timestamp == "1640995440000").source' handed)" = 10.9.9.8 ] || fail 'another source'

kill9 risker
stop webhookd
# F09, F105: the token is nowhere.
! grep -rqF -- "$SECRET" handed ./*.log state || fail 'F09: the token was kept'
[ "$(wc -l <handed)" -eq "$(jq -r .id handed | sort -u | wc -l)" ] || fail 'an id was handed on twice'
