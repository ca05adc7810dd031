#!/bin/sh
# A TradingView alert becomes a protected position: long, short, close, by hand
# the numbers, field by field the answers; and the signals pipeline beside it
# tells each of these trades.
#
# Worked out by hand. BTC: stop 2 % under 60000 is 58800; 2 % of 10000 is 200,
# at 1200 a coin 0.1666, rounded down 0.166, worth 9960: 99.60 % of equity. Its
# fee of 0.055 % is 5.478. ETH: stop 2 % over 3000 is 3060; 2 % of 9994.522 is
# 199.89, at 60 a coin 3.331: 3.33, worth 9990; together 19950, 199.61 % of it.
# The highest equity is 10000: 0.05 % below.
#
# Not tested: the rules and the sizes themselves (unit/test-risker*), the
# listener (webhookd's own tests), trader alone (trader-*.sh).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"

exchange
control price '{"BTCUSDT":"60000","ETHUSDT":"3000"}'
trading

# raw NAME: the digits of a member, as they are in the answer.
raw() {
	grep -o "\"$1\":[^,}\"]*" answer | cut -d : -f 2-
}
equity_is() {
	known wallet "\"totalEquity\":\"$1\""
}

alert '{"price":"60000.00"}'
answered 200 'the long'
is 'it is ok' 'true buy BTCUSDT Buy' "$(got '"\(.ok) \(.action) \(.symbol) \(.side)"')"
is 'quantity' 0.166 "$(raw quantity)"
is 'price' 60000.00 "$(raw price)"
is 'stop loss' 58800.00 "$(raw stopLoss)"
is 'signal strength' 4 "$(raw signalStrength)"
is 'risk metrics' '{"exposure":"99.60","drawdown":"0.00","dailyPnl":"0.00","dailyTrades":1,"openPositions":1}' "$(got '.riskMetrics | tojson')"
is 'the order' "$(state)" protected
is 'its id' "$(got .orderId)" "$(curl -sS "$URL/control/state" | jq -r ".orders[] | select(.orderLinkId == \"$ID-0\").orderId")"
is 'warnings' array "$(got '.warnings | type')"
[ -n "$(got '.timestamp | fromdateiso8601? // sub("\\.[0-9]+Z"; "Z") | fromdateiso8601? // ""')" ] || [ "$(got .timestamp | grep -c '^20[0-9-]*T[0-9:.]*Z$')" -eq 1 ] ||
    fail "timestamp $(got .timestamp)"
is 'what went out' 'Market Buy 0.166 58800.00 MarkPrice Full 0' "$(jq -r 'select(.path == "/v5/order/create").body | fromjson |
    "\(.orderType) \(.side) \(.qty) \(.stopLoss) \(.slTriggerBy) \(.tpslMode) \(.positionIdx)"' "$JOURNAL")"
is 'the position' 'Buy 0.166 58800' "$(position BTCUSDT)"
wait_for 10 equity_is 9994.522

# No answer before it was recorded, and the secret is nowhere behind webhookd.
"$B/statecat" -d "$S" webhookd/alerts | grep -q "$ID" || fail 'the alert is not on record'
! grep -q 'k9P' ./*.log || fail 'the token was logged'

# A short; the action follows from the number, and TradingView's spelling.
alert '{"price":"3000.00","symbol":"BYBIT:ETHUSDT.P","trendComposite":-4,"action":null}'
answered 200 'the short'
is 'it is a short' 'sell ETHUSDT Sell' "$(got '"\(.action) \(.symbol) \(.side)"')"
is 'its numbers' '3.33 3000.00 3060.00 4' "$(raw quantity) $(raw price) $(raw stopLoss) $(raw signalStrength | tr -d -)"
is 'risk metrics' '{"exposure":"199.61","drawdown":"0.05","dailyPnl":"-5.48","dailyTrades":2,"openPositions":2}' "$(got '.riskMetrics | tojson')"
is 'the position' 'Sell 3.33 3060' "$(position ETHUSDT)"
is 'its order' protected "$(state)"

# A second position of the symbol is refused, with every rule that it breaks.
alert '{"price":"63000.00","trendComposite":4}'
answered 422 'the second'
is 'why' 'false Trade validation failed' "$(got '"\(.ok) \(.error)"')"
[ "$(got '.errors | length')" -ge 2 ] || fail "not every broken rule is listed: $(got .errors)"
got '.errors[]' | grep -qx 'Max positions reached for BTCUSDT: 1' || fail "the position: $(got .errors)"

# Close: at 61000, whatever the alert's price and number say.
control price '{"BTCUSDT":"61000"}'
alert '{"action":"close","price":"59000","trendComposite":1}'
answered 200 'the close'
is 'what closed' 'true close BTCUSDT Sell 1' "$(got '"\(.ok) \(.action) \(.symbol) \(.side) \(.orderIds | length)"')"
is 'how much' 0.166 "$(raw quantity)"
flat || fail "there is $(position) left"
alert '{"action":"close","price":"61000","trendComposite":0}'
answered 200 'nothing to close'
is 'nothing' '0 1' "$(got '"\(.quantity | tonumber) \(.warnings | length)"')"
# 0 and no action is a close, for which a price need not be known.
alert '{"symbol":"ETHUSDT","price":null,"trendComposite":0,"action":null}'
answered 200 'the close of the short'
is 'it closed' 'close Buy' "$(got '"\(.action) \(.side)"')"
flat ETHUSDT || fail "there is $(position ETHUSDT) left"

# An entry of the bar before its symbol's close comes late: it is not traded
# (F51).
post_body "$(alert_body "{\"price\":\"61000\",\"timestamp\":\"$((bar - 150000))\"}")"
answered 422 'older than the close'
got '.errors[]' | grep -q 'older than the last close' || fail "the late entry: $(got .errors)"

# The same trades come out of the other pipeline.
events() {
	"$B/statecat" -d "$S" events | jq -r 'select(.test | not) | "\(.action) \(.symbol) \(.signal_type) \(.old_position_size) \(.position_size) \(.close_reason // "")"'
}
told_all() { [ "$(events | wc -l)" -eq 4 ]; }
wait_for 15 told_all
events >signals
cat >signals.expect <<'END'
OPEN BTCUSDT buy 0 0.166 
OPEN ETHUSDT sell 0 3.33 
CLOSE BTCUSDT buy 0.166 0 trade
CLOSE ETHUSDT sell 3.33 0 trade
END
same signals.expect signals
is 'orders in all' 4 "$(orders_booked)"
judge told
stop_all
! grep -l 'level=error' ./*.log || fail 'an error was logged'
