#!/bin/sh
# What a trader is to survive, as the stand-in plays it: stops that are not
# there (F05, F71), a price that moves while the order is under way (F66),
# orders that lag, vanish from a list or are rejected late (F04, F12), a mode
# that flips (F63); and the journal's lines of fills and positions.
#
# Not tested: that a program survives it (trade-*.sh).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl openssl

exchange
control limits '{"per_second":1000}'
state() {
	get "/v5/order/${2:-realtime}" "category=linear&orderLinkId=$1" | jq -r \
	    '.result.list | if length == 0 then "none" else .[0] | "\(.orderStatus) \(.rejectReason) \(.cumExecQty)" end'
}

# Accepted, and the stop forgotten; the next order keeps its own.
control fill '{"drop_stop":true}'
done_order BTCUSDT Buy 0.1 '"stopLoss":"46550","slTriggerBy":"MarkPrice","tpslMode":"Full","orderLinkId":"one"'
is 'dropped' '0.1 ' "$(position BTCUSDT 0 '"\(.size) \(.stopLoss)"')"
done_order ETHUSDT Buy 1 '"stopLoss":"2450","slTriggerBy":"MarkPrice","orderLinkId":"two"'
is 'kept' 2450 "$(position ETHUSDT 0 .stopLoss)"
done_order BTCUSDT Sell 0.1 '"reduceOnly":true,"orderLinkId":"three"'

# Each fill and each other size or stop is a line, in order.
jq -c 'select(.type and .symbol == "BTCUSDT" or .symbol == "ETHUSDT") | del(.time, .orderId)' "$JOURNAL" >got
cat >expect <<'END'
{"type":"fill","symbol":"BTCUSDT","positionIdx":0,"side":"Buy","qty":"0.1","price":"47500","orderLinkId":"one","createType":"CreateByUser"}
{"type":"position","symbol":"BTCUSDT","positionIdx":0,"side":"Buy","size":"0.1","stopLoss":"0"}
{"type":"fill","symbol":"ETHUSDT","positionIdx":0,"side":"Buy","qty":"1","price":"2500","orderLinkId":"two","createType":"CreateByUser"}
{"type":"position","symbol":"ETHUSDT","positionIdx":0,"side":"Buy","size":"1","stopLoss":"0"}
{"type":"position","symbol":"ETHUSDT","positionIdx":0,"side":"Buy","size":"1","stopLoss":"2450"}
{"type":"fill","symbol":"BTCUSDT","positionIdx":0,"side":"Sell","qty":"0.1","price":"47500","orderLinkId":"three","createType":"CreateByUser"}
{"type":"position","symbol":"BTCUSDT","positionIdx":0,"side":"","size":"0","stopLoss":"0"}
END
same expect got
control trade '{"symbol":"ETHUSDT","side":"Sell","qty":"1","reduceOnly":true}'
is 'by hand' 'CreateByClosing ""' "$(tail -n 2 "$JOURNAL" | jq -r 'select(.type == "fill") | "\(.createType) \(.orderLinkId | tojson)"')"

# The request's own line says whether an order came of it.
order BTCUSDT Buy 0.1 '"orderLinkId":"one"' >/dev/null
control fault '{"path":"/v5/order/create","retCode":10016,"effect":true}'
answers 'an error, and booked' 10016 "$(order BTCUSDT Buy 0.1 '"orderLinkId":"four"')"
control fault '{"path":"/v5/order/create","retCode":10016}'
answers 'an error' 10016 "$(order BTCUSDT Buy 0.1 '"orderLinkId":"five"')"
is 'booked or not' 'one true,two true,three true,one false,four true,five false' \
    "$(jq -r 'select(.path == "/v5/order/create") | "\(.body | fromjson.orderLinkId) \(.booked)"' "$JOURNAL" | paste -sd ,)"

# The price jumps over the stop while the order is under way; the text names
# what the stop triggers by.
control fault '{"path":"/v5/order/create","first":{"price":{"SOLUSDT":"97"}}}'
body=$(order SOLUSDT Buy 1 '"stopLoss":"98","slTriggerBy":"MarkPrice"')
answers 'through the stop' 10001 "$body"
is 'its text' 'sl:980000 set for Buy position should lower than base_price:970000??MarkPrice' "$(printf '%s' "$body" | jq -r .retMsg)"
# Afterwards: filled, and a hand takes the stop away at once.
control fault '{"path":"/v5/order/create","then":{"stop":{"symbol":"SOLUSDT","stopLoss":"0"}}}'
done_order SOLUSDT Buy 1 '"stopLoss":"95"'
is 'taken away' '1 ' "$(position SOLUSDT 0 '"\(.size) \(.stopLoss)"')"
# The mode flips between two calls.
control fault '{"path":"/v5/order/create","first":{"mode":{"symbol":"LTCUSDT","mode":3}},"match":"LTCUSDT"}'
body=$(order LTCUSDT Buy 1 '"positionIdx":0,"stopLoss":"60"')
is 'flipped' '10001 position idx not match position mode' "$(printf '%s' "$body" | jq -r '"\(.retCode) \(.retMsg)"')"
done_order LTCUSDT Buy 1 '"positionIdx":1,"stopLoss":"60"'
is 'the leg' '1 60' "$(position LTCUSDT 1 '"\(.size) \(.stopLoss)"')"
for bad in '{"first":{"clear":{}}}' '{"then":{"price":{"NOUSDT":"1"}}}' '{"then":7}'; do
	is "$bad" 400 "$(curl -sS -o answer -w '%{http_code}' -d "$bad" "$URL/control/fault")"
done

# The status lags behind the position.
# Looked at before that, also where a look takes longer.
fills() {
	get /v5/execution/list "category=linear&orderLinkId=$1" | jq '.result.list | length'
}
for lag in 1500 15000; do
	began=$(now_ms)
	lags=lags-$lag
	control fill "{\"status_ms\":$lag}"
	done_order XRPUSDT Buy 10 "\"orderLinkId\":\"$lags\""
	looked="$(position XRPUSDT 0 .size), $(state $lags), $(state $lags history), $(fills $lags)"
	[ $(($(now_ms) - began)) -ge $lag ] || break
done
is 'held, and New, no history, no fill' 'New EC_NoError 0, none, 0' "${looked#[12]0, }"
filled() { [ "$(state $lags)" = 'Filled EC_NoError 10' ]; }
wait_for 30 filled
is 'a fill' 1 "$(fills $lags)"

# A restart: closed orders are in the history alone.
control restart '{}'
is 'forgotten' none "$(state $lags)"
is 'remembered' 'Filled EC_NoError 10' "$(state $lags history)"
done_order XRPUSDT Buy 10 '"orderLinkId":"later"'
is 'a later one' 'Filled EC_NoError 10' "$(state later)"

# Rejected after it was accepted, at once, late, and with fills.
for lag in 500 10000; do
	began=$(now_ms)
	late=late-$lag
	control fill "{\"reject\":\"EC_NoEnoughQtyToFill\",\"delay_ms\":$lag}"
	done_order ADAUSDT Buy 100 "\"orderLinkId\":\"$late\""
	looked=$(state $late)
	[ $(($(now_ms) - began)) -ge $lag ] || break
done
is 'accepted' 'New EC_NoError 0' "$looked"
rejected() { [ "$(state $late)" = 'Rejected EC_NoEnoughQtyToFill 0' ]; }
wait_for 20 rejected
control fill '{"reject":"EC_Others","percent":"50"}'
done_order ADAUSDT Buy 100 '"orderLinkId":"r2"'
is 'with fills' 'Rejected EC_Others 50' "$(state r2)"
is 'that are held' 50 "$(position ADAUSDT 0 .size)"

# Ten conditional orders; an eleventh, a stop that is to be set, and the stop
# of an entry find no room.
for n in 1 2 3 4 5 6 7 8 9; do
	done_order DOGEUSDT Buy 100 "\"triggerPrice\":\"0.$n\",\"triggerDirection\":1"
done
done_order DOGEUSDT Buy 1000 '"stopLoss":"0.07"'
is 'the tenth' 0.07 "$(position DOGEUSDT 0 .stopLoss)"
answers 'the eleventh' 110009 "$(order DOGEUSDT Buy 100 '"triggerPrice":"0.95","triggerDirection":1')"
stop_at() {
	post /v5/position/trading-stop "{\"category\":\"linear\",\"symbol\":\"DOGEUSDT\",\"positionIdx\":0,\"tpslMode\":\"Full\",\"stopLoss\":\"$1\"}"
}
answers 'one that moves needs none' 0 "$(stop_at 0.075)"
answers 'removed' 0 "$(stop_at 0)"
done_order DOGEUSDT Buy 100 '"triggerPrice":"0.95","triggerDirection":1'
answers 'no room to set it' 110009 "$(stop_at 0.075)"
done_order DOGEUSDT Buy 1000 '"stopLoss":"0.07"'
is 'nor to attach it' '2000 ' "$(position DOGEUSDT 0 '"\(.size) \(.stopLoss)"')"
stop exchange
