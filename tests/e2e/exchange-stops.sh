#!/bin/sh
# Stop losses and take profits of the stand-in, liquidation, ADL: at which
# price, and what tells why a position closed (F26).
#
# Not tested: trailing stops and partial ones, which it has not.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl openssl

exchange
control limits '{"per_second":1000}'

# why SYMBOL: how the newest closed-pnl row of it came to be: price, profit,
# and of its order's fill the kind and who made it.
why() {
	row=$(get /v5/position/closed-pnl "category=linear&symbol=$1&limit=1" |
	    jq -c '.result.list[0]')
	id=$(printf '%s' "$row" | jq -r .orderId)
	printf '%s %s\n' \
	    "$(printf '%s' "$row" | jq -r '"\(.avgExitPrice) \(.closedPnl) \(.execType)"')" \
	    "$(get /v5/execution/list "category=linear&orderId=$id" |
	    jq -r '.result.list[0] | "\(.execType) \(.createType) \(.stopOrderType)"')"
}
flat() {
	[ "$(position "$1" 0 .size)" = 0 ]
}
active() {
	get /v5/order/realtime "category=linear&symbol=$1" |
	    jq -r '[.result.list[] | "\(.stopOrderType) \(.orderStatus) \(.triggerPrice) \(.triggerDirection) \(.qty) \(.side)"] | sort | join(",")'
}

# Attached to an order; the price glides through: it fills at the stop's own
# price.  Long 3 at 100: 285 - 300, fees 0.165 and 0.15675.
done_order SOLUSDT Buy 3 '"stopLoss":"95","takeProfit":"120","tpslMode":"Full","slTriggerBy":"MarkPrice"'
is 'levels of the position' '95 120' "$(position SOLUSDT 0 '"\(.stopLoss) \(.takeProfit)"')"
is 'orders that stand for them' \
    'StopLoss Untriggered 95 2 3 Sell,TakeProfit Untriggered 120 1 3 Sell' \
    "$(active SOLUSDT)"
control glide '{"SOLUSDT":"90","for":0.3}'
wait_for 5 flat SOLUSDT
is 'stopped' '95 -15.32175 Trade Trade CreateByStopLoss StopLoss' "$(why SOLUSDT)"
is 'nothing stands any more' '' "$(active SOLUSDT)"
is 'the take profit' 'Deactivated CancelByTpSlTsClear' "$(get /v5/order/history \
    'category=linear&symbol=SOLUSDT' | jq -r \
    '.result.list[] | select(.stopOrderType == "TakeProfit") | "\(.orderStatus) \(.cancelType)"')"

# The price jumps over the stop: it fills where the price is.  Short 1000 at
# 0.6, out at 0.62: -20, fees 0.33 and 0.341.
done_order XRPUSDT Sell 1000 '"stopLoss":"0.61"'
control price '{"XRPUSDT":"0.62"}'
is 'jumped' '0.62 -20.671 Trade Trade CreateByStopLoss StopLoss' "$(why XRPUSDT)"

# Take profit: 1000 from 0.62 to 0.65, fees 0.341 and 0.3575.
done_order XRPUSDT Buy 1000 '"takeProfit":"0.65"'
control price '{"XRPUSDT":"0.65"}'
is 'profit taken' '0.65 29.3015 Trade Trade CreateByTakeProfit TakeProfit' "$(why XRPUSDT)"

# An add moves the stop's quantity; a flip takes the old stop away.
done_order ETHUSDT Buy 1 '"stopLoss":"2400"'
done_order ETHUSDT Buy 1
is 'the stop follows' 'StopLoss Untriggered 2400 2 2 Sell' "$(active ETHUSDT)"
done_order ETHUSDT Sell 3 '"stopLoss":"2600"'
is 'the stop of the other side' 'StopLoss Untriggered 2600 1 1 Buy' "$(active ETHUSDT)"
is 'it is the position'"'"'s' 2600 "$(position ETHUSDT 0 .stopLoss)"

# trading-stop: set, the same again (34040), removed, no position, wrong side.
ts() {
	post /v5/position/trading-stop "{\"category\":\"linear\",\"symbol\":\"$1\",\"positionIdx\":0,\"tpslMode\":\"Full\",$2}"
}
answers 'moved' 0 "$(ts ETHUSDT '"stopLoss":"2550"')"
is 'where to' 2550 "$(position ETHUSDT 0 .stopLoss)"
answers 'the same again' 34040 "$(ts ETHUSDT '"stopLoss":"2550"')"
is 'another spelling is the same' 34040 \
    "$(ts ETHUSDT '"stopLoss":"2550.00"' | jq .retCode)"
answers 'below the price, for a short' 10001 "$(ts ETHUSDT '"stopLoss":"2400"')"
is 'the text' 'StopLoss:24000000 set for Sell position should greater base_price:25000000??LastPrice' \
    "$(ts ETHUSDT '"stopLoss":"2400"' | jq -r .retMsg)"
is 'it is still there' 2550 "$(position ETHUSDT 0 .stopLoss)"
answers 'removed' 0 "$(ts ETHUSDT '"stopLoss":"0"')"
is 'gone' '' "$(position ETHUSDT 0 .stopLoss)$(active ETHUSDT)"
answers 'no position' 10001 "$(ts LTCUSDT '"stopLoss":"60"')"
answers 'partial' 10001 "$(post /v5/position/trading-stop \
    '{"category":"linear","symbol":"ETHUSDT","positionIdx":0,"tpslMode":"Partial","stopLoss":"2600"}')"

# cancel-all takes the stop of an open position, too.
answers 'set again' 0 "$(ts ETHUSDT '"stopLoss":"2550"')"
answers 'cancel-all' 0 "$(post /v5/order/cancel-all '{"category":"linear","symbol":"ETHUSDT"}')"
is 'unprotected' '' "$(position ETHUSDT 0 .stopLoss)"

# What the row says while it is going on.
control status '{"symbol":"ETHUSDT","status":"Liq"}'
is 'under liquidation' Liq "$(position ETHUSDT 0 .positionStatus)"

# Liquidation: 1 at 2500 short, taken over at 2600.  Fees 1.375 and 1.43.
control price '{"ETHUSDT":"2600"}'
control liquidate '{"symbol":"ETHUSDT"}'
is 'liquidated' '2600 -102.805 BustTrade BustTrade CreateByTakeOver_PassThrough UNKNOWN' \
    "$(why ETHUSDT)"
is 'normal again' Normal "$(position ETHUSDT 0 .positionStatus)"
is 'no order of ours' 0 "$(get /v5/order/history 'category=linear&symbol=ETHUSDT' |
    jq '[.result.list[] | select(.createType | test("PassThrough"))] | length')"

# ADL: 2 of 5 are taken at 70, without a fee for the close: -0.077 of opening.
done_order LTCUSDT Buy 5
control adl '{"symbol":"LTCUSDT","qty":"2"}'
is 'deleveraged' '70 -0.077 Trade AdlTrade CreateByAdl_PassThrough UNKNOWN' "$(why LTCUSDT)"
is 'what is left' 3 "$(position LTCUSDT 0 .size)"
stop exchange
