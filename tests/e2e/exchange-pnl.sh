#!/bin/sh
# What trades bring on the stand-in, worked out by hand: fees of 0.055 %,
# averages, partial closes, a flip, hedge legs, funding, inverse and USDC.
#
# Not tested: amounts near the limits of a decimal, leverage other than 10.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl openssl

exchange
control limits '{"per_second":1000}'

wallet() {
	get /v5/account/wallet-balance accountType=UNIFIED |
	    jq -r ".result.list[0] | $1"
}
coin() {
	wallet ".coin[] | select(.coin == \"$1\") | .walletBalance"
}
# closed SYMBOL FILTER: of the newest closed-pnl row.
closed() {
	get /v5/position/closed-pnl \
	    "category=${CATEGORY:-linear}&symbol=$1&limit=1" |
	    jq -r ".result.list[0] | $2"
}

is 'the equity to begin with' 10000 "$(wallet .totalEquity)"

# A long of 1 at 45000: value 45000, fee 24.75.
control price '{"BTCUSDT":"45000"}'
done_order BTCUSDT Buy 1
is 'open' 'Buy 1 45000 45000 -24.75 Normal' "$(position BTCUSDT 0 \
    '"\(.side) \(.size) \(.avgPrice) \(.positionValue) \(.curRealisedPnl) \(.positionStatus)"')"
is 'the wallet has paid the fee' 9975.25 "$(coin USDT)"
is 'margin' '4500 4500' "$(position BTCUSDT 0 '"\(.positionIM) \(.positionBalance)"')"
seq=$(position BTCUSDT 0 .seq)
opened=$(position BTCUSDT 0 .openTime)
[ "$seq" -gt 4294967295 ] || fail "seq $seq fits 32 bits: Bybit's does not"

# At 46000: 1000 unrealised.
control price '{"BTCUSDT":"46000"}'
is 'unrealised' 1000 "$(position BTCUSDT 0 .unrealisedPnl)"
is 'equity' '10975.25 1000' "$(wallet '"\(.totalEquity) \(.totalPerpUPL)"')"

# 0.4 closes: 18400 - 18000 = 400; fees 9.9 of opening, 10.12 of closing.
done_order BTCUSDT Sell 0.4 '"reduceOnly":true'
is 'partly closed' '0.6 45000 27000 365.13' "$(position BTCUSDT 0 \
    '"\(.size) \(.avgPrice) \(.positionValue) \(.curRealisedPnl)"')"
is 'its record' 'Sell 0.4 0.4 18000 45000 18400 46000 379.98 9.9 10.12 1 10 Trade' \
    "$(closed BTCUSDT '"\(.side) \(.qty) \(.closedSize) \(.cumEntryValue) \(.avgEntryPrice) \(.cumExitValue) \(.avgExitPrice) \(.closedPnl) \(.openFee) \(.closeFee) \(.fillCount) \(.leverage) \(.execType)"')"
is 'the wallet' 10365.13 "$(coin USDT)"
is 'seq goes up' $((seq + 1)) "$(position BTCUSDT 0 .seq)"
is 'openTime stays' "$opened" "$(position BTCUSDT 0 .openTime)"

# The rest at 47000: 1200 - 14.85 - 15.51.  A larger reduce-only is cut.
control price '{"BTCUSDT":"47000"}'
done_order BTCUSDT Sell 5 '"reduceOnly":true'
is 'the second record' '0.6 1169.64' "$(closed BTCUSDT '"\(.closedSize) \(.closedPnl)"')"
is 'flat' ' 0 0 0 1549.62 1549.62 0' "$(position BTCUSDT 0 \
    '"\(.side) \(.size) \(.avgPrice) \(.unrealisedPnl) \(.curRealisedPnl) \(.cumRealisedPnl) \(.openTime)"')"
is 'in no list by coin' 0 "$(get /v5/position/list \
    'category=linear&settleCoin=USDT' | jq '.result.list | length')"
is 'the wallet has both' 11549.62 "$(coin USDT)"

# A trade again: realised of the position starts anew, of all time goes on.
done_order BTCUSDT Buy 0.1
is 'realised' '-2.585 1547.035' "$(position BTCUSDT 0 '"\(.curRealisedPnl) \(.cumRealisedPnl)"')"
[ "$(position BTCUSDT 0 .openTime)" -ge "$opened" ] || fail 'openTime went back'
done_order BTCUSDT Sell 0.1 '"reduceOnly":true'

# A flip (F18): short 1 at 2500, fee 1.375; buy 3 at 2400, fee 3.96: 1 closes
# with 100 - 1.375 - 1.32, 2 open with a fee of 2.64.
done_order ETHUSDT Sell 1
control price '{"ETHUSDT":"2400"}'
done_order ETHUSDT Buy 3
is 'flipped' 'Buy 2 2400 -2.64 94.665' "$(position ETHUSDT 0 \
    '"\(.side) \(.size) \(.avgPrice) \(.curRealisedPnl) \(.cumRealisedPnl)"')"
is 'the record of a flip' 'Buy 3 1 97.305 1.375 1.32' "$(closed ETHUSDT \
    '"\(.side) \(.qty) \(.closedSize) \(.closedPnl) \(.openFee) \(.closeFee)"')"
is 'one fill' '3 1 3.96 0.00055 CreateByUser' "$(get /v5/execution/list \
    'category=linear&symbol=ETHUSDT&limit=1' | jq -r \
    '.result.list[0] | "\(.execQty) \(.closedSize) \(.execFee) \(.feeRate) \(.createType)"')"

# Funding: 4800 x 0.0001 is paid; size and seq stay, updatedTime moves (F26).
before=$(position ETHUSDT 0 '"\(.size) \(.seq)"')
updated=$(position ETHUSDT 0 .updatedTime)
paid=$(coin USDT)
sleep 0.01
control funding '{"rate":"0.0001","symbol":"ETHUSDT"}'
is 'size and seq' "$before" "$(position ETHUSDT 0 '"\(.size) \(.seq)"')"
[ "$(position ETHUSDT 0 .updatedTime)" -gt "$updated" ] || fail 'funding left updatedTime'
is 'funding paid, in thousandths' 480 "$(jq -n "($paid - $(coin USDT)) * 1000 | round")"
is 'its execution' 'Funding 2 0 0.48 UNKNOWN' "$(get /v5/execution/list \
    'category=linear&symbol=ETHUSDT&limit=1' | jq -r \
    '.result.list[0] | "\(.execType) \(.execQty) \(.orderQty) \(.execFee) \(.orderType)"')"
done_order ETHUSDT Sell 2 '"reduceOnly":true'

# The average of 1 at 100 and 2 at 103 is 102.
done_order SOLUSDT Buy 1
control price '{"SOLUSDT":"103"}'
done_order SOLUSDT Buy 2
is 'average' '3 102 306 3' "$(position SOLUSDT 0 \
    '"\(.size) \(.avgPrice) \(.positionValue) \(.unrealisedPnl)"')"
# 0.1 and 0.2 are 0.3 (F11).
done_order LTCUSDT Buy 0.1
done_order LTCUSDT Buy 0.2
is 'the sum' '0.3 21' "$(position LTCUSDT 0 '"\(.size) \(.positionValue)"')"

# Hedge mode: legs side by side (F17); each knows its own side.
control mode '{"symbol":"XRPUSDT","mode":3}'
answers 'positionIdx 0 in hedge mode' 10001 "$(order XRPUSDT Buy 100)"
done_order XRPUSDT Buy 100 '"positionIdx":1'
is 'one leg by coin' 1 "$(get /v5/position/list 'category=linear&settleCoin=USDT' |
    jq '[.result.list[] | select(.symbol == "XRPUSDT")] | length')"
is 'both by symbol' '1 Buy 100,2  0' "$(get /v5/position/list \
    'category=linear&symbol=XRPUSDT' |
    jq -r '[.result.list[] | "\(.positionIdx) \(.side) \(.size)"] | sort | join(",")')"
is 'the empty leg was never traded' '-1' "$(position XRPUSDT 2 .seq)"
done_order XRPUSDT Sell 200 '"positionIdx":2'
is 'both legs' 'Buy 100 Sell 200' \
    "$(position XRPUSDT 1 '"\(.side) \(.size)"') $(position XRPUSDT 2 '"\(.side) \(.size)"')"
done_order XRPUSDT Sell 300 '"positionIdx":1'
is 'a leg does not flip' ' 0' "$(position XRPUSDT 1 '"\(.side) \(.size)"')"
is 'the other is as it was' 'Sell 200' "$(position XRPUSDT 2 '"\(.side) \(.size)"')"

# USDC contracts are in the list of USDC alone (F24).
control balance '{"USDC":"5000"}'
done_order BTCPERP Sell 0.01
is 'USDC' BTCPERP "$(get /v5/position/list 'category=linear&settleCoin=USDC' |
    jq -r '.result.list[].symbol')"
is 'not in USDT' 0 "$(get /v5/position/list 'category=linear&settleCoin=USDT' |
    jq '[.result.list[] | select(.symbol == "BTCPERP")] | length')"
# 475 x 0.00055
is 'the fee in USDC' 4999.73875 "$(coin USDC)"

# Inverse: 10000 USD at 50000 are 0.2 BTC, fee 0.00011; at 62500 0.16, fee
# 0.000088: it brings 0.04 less the fees.
control balance '{"BTC":"1"}'
control price '{"BTCUSD":"50000"}'
CATEGORY=inverse
done_order BTCUSD Buy 10000
is 'inverse' '10000 50000 0.2 0.02' "$(position BTCUSD 0 \
    '"\(.size) \(.avgPrice) \(.positionValue) \(.positionIM)"')"
control price '{"BTCUSD":"62500"}'
is 'unrealised in coin' 0.04 "$(position BTCUSD 0 .unrealisedPnl)"
is 'all of inverse' BTCUSD "$(get /v5/position/list category=inverse |
    jq -r '.result.list[].symbol')"
done_order BTCUSD Sell 10000
is 'its record' '0.039802 0.2 0.16 50000 62500' "$(closed BTCUSD \
    '"\(.closedPnl) \(.cumEntryValue) \(.cumExitValue) \(.avgEntryPrice) \(.avgExitPrice)"')"
is 'the wallet in coin' 1.039802 "$(coin BTC)"
# A short of 5000 from 62500 to 50000: 0.1 - 0.08.
done_order BTCUSD Sell 5000
control price '{"BTCUSD":"50000"}'
is 'a short' 0.02 "$(position BTCUSD 0 .unrealisedPnl)"
stop exchange
