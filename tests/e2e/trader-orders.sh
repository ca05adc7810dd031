#!/bin/sh
# trader alone: an entry with its stop in the same request and the answer field
# by field, a close, the same lines again, lines that no decision backs (F09),
# a test and a dry run, and what passes through.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
exchange

# A reader of its own for the pipe, so that its end is the end of the input.
mkfifo in
exec 3<>in
spawn trader sh -c "exec '$B/trader' -d '$S' <in 3>&-"
"$B/decide" -d "$S" </dev/null
wait_for 10 has_lately ready
wait_for 10 has "$JOURNAL" wallet-balance

# The numbers that went out are those of the answer.
entry 1 buy 0.020 47500.00 46550.00 >line
decide <line
cat line >&3
wait_for 5 answered 1
result 1 >got
jq -c 'del(.orderId, .timestamp)' got >got.fields
cat >want <<'WANT'
{"type":"result","id":"00000000000000000000000000000001","code":200,"ok":true,"action":"buy","symbol":"BTCUSDT","side":"Buy","quantity":0.02,"price":47500,"stopLoss":46550,"avgPrice":47500,"filledQty":0.02,"signalStrength":4,"riskMetrics":{"exposure":"9.50","drawdown":"0.00","dailyPnl":"0.00","dailyTrades":1,"openPositions":1},"warnings":[]}
WANT
same want got.fields
grep -qF '"quantity":0.020,"price":47500.00,"stopLoss":46550.00,"avgPrice":47500,"filledQty":0.020,' trader.out ||
    fail 'the digits are not those that were sent'
jq -r '.orderId | length' got | grep -qx 36 || fail 'orderId is no UUID'
jq -c 'select(.path == "/v5/order/create").body | fromjson' "$JOURNAL" >got
cat >want <<'WANT'
{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.020","positionIdx":0,"orderLinkId":"00000000000000000000000000000001-0","stopLoss":"46550.00","slTriggerBy":"MarkPrice","tpslMode":"Full"}
WANT
same want got
is 'position' '0.02 46550' "$(stands)"
wait_for 5 is_state 1 protected

# The same line again, also from a decision long done: the same answer.
cat line >&3
wait_for 5 has trader.out "$(id 1)" 2
[ "$(sort -u trader.out | wc -l)" -eq 1 ] || fail 'another answer to the same line'
is 'requests' 1 "$(sent 1)"

# A short of another symbol beside it, with a take profit.
entry 2 sell 0.50 2500.00 2550.00 ETHUSDT ',"take_profit":"2400.00"' >line2
decide <line2
cat line2 >&3
wait_for 5 answered 2
is 'short' '0.5 2550' "$(stands ETHUSDT)"
result 2 | grep -q '"takeProfit":2400' || fail 'no take profit in the answer'

# Lines without a decision, or other than it, move nothing.
entry 3 >&3
sed 's/0\.020/0.900/' line >&3
sed 's/000000001"/000000004"/' line >&3
printf '{"type":"order","id":"../x"}\n{"type":"order"}\nno json\n' >&3
wait_for 5 has_lately 'unknown word'
wait_for 5 has trader.log 'did not decide' 3
is 'orders' 2 "$(curl -sS "$URL/control/state" | jq '[.orders[] | select(.stopOrderType != "StopLoss" and .stopOrderType != "TakeProfit")] | length')"

# What it does not know passes, untouched.
printf '{"type":"note","a":1.50, "b":[]}\n' >&3
wait_for 5 has trader.out '^{"type":"note","a":1.50, "b":\[\]}$'

# A test goes the whole way but for the order; so does a close of one.
entry 5 buy 0.020 47500.00 46550.00 BTCUSDT ',"test":true' >line5
exit_of 6 ETHUSDT ',"test":true' >>line5
decide <line5
cat line5 >&3
wait_for 5 answered 5
wait_for 5 answered 6
is 'test' '200 true null 0.02' "$(result 5 | jq -r '"\(.code) \(.dryRun) \(.orderId) \(.quantity)"')"
is 'test close' '200 true Buy 0.5' "$(result 6 | jq -r '"\(.code) \(.dryRun) \(.side) \(.quantity)"')"
wait_for 5 is_state 5 dry
is 'short' '0.5 2550' "$(stands ETHUSDT)"

# A close: everything of the symbol, reduceOnly, without stop fields (F64).
exit_of 7 >line7
decide <line7
cat line7 >&3
wait_for 5 answered 7
is 'close' '200 close Sell 0.02 1' "$(result 7 | jq -r '"\(.code) \(.action) \(.side) \(.quantity) \(.orderIds | length)"')"
jq -c --arg l "$(id 7)-0" 'select(.path == "/v5/order/create").body | fromjson |
    select(.orderLinkId == $l) | del(.qty)' "$JOURNAL" >got
cat >want <<WANT
{"category":"linear","symbol":"BTCUSDT","side":"Sell","orderType":"Market","positionIdx":0,"orderLinkId":"$(id 7)-0","reduceOnly":true}
WANT
same want got
wait_for 5 is_state 1 closed
flat || fail "not flat: $(stands)"

# Nothing to close is no error.
exit_of 8 >line8
decide <line8
cat line8 >&3
wait_for 5 answered 8
is 'nothing to close' '200 0 1' "$(result 8 | jq -r '"\(.code) \(.quantity) \(.warnings | length)"')"

# The end of the input: everything is answered, and it ends.
exec 3>&-
ended trader 0

# DRY_RUN: the same, for every order.
exec 3<>in
looks=$(grep -c wallet-balance "$JOURNAL")
spawn trader sh -c "DRY_RUN=true exec '$B/trader' -d '$S' <in 3>&-"
wait_for 10 has trader.log 'dry_run=true'
wait_for 10 has "$JOURNAL" wallet-balance $((looks + 1))
entry 9 >line9
decide <line9
cat line9 >&3
wait_for 5 answered 9
is 'dry run' '200 true' "$(result 9 | jq -r '"\(.code) \(.dryRun)"')"
is 'requests' 0 "$(sent 9)"
exec 3>&-
ended trader 0
