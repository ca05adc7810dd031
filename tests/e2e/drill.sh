#!/bin/sh
# The drill of pre-trade controls that scripts/drill runs at each release: each
# limit of risker, and of trader with decisions written past risker, just below,
# at and just above; duplicates; the kill switch with all other programs dead.
# What is expected stands in each case, worked out by hand.  $REPORT: where the
# report goes beside standard output.  All cases are run, whatever failed before.
#
# Not tested: the halt over HTTP and by Telegram (trade-halt, notifier's tests),
# an order without a trace for a minute (trade-lost).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
requires jq curl perl
stages='poller differ notifier webhookd risker trader'
: >report
cases=0
failed=0

out() {
	printf '%s\n' "$*" >>report
	printf '%s\n' "$*"
}

# verdict RULE LIMIT TRIED EXPECTED SEEN OK: a line of the report.
verdict() {
	cases=$((cases + 1))
	verdict=pass
	[ "$6" -eq 0 ] || { verdict=FAIL failed=$((failed + 1)); }
	out "$(printf '%03d %s | %s | %s | %s | expected: %s | seen: %s' "$cases" "$verdict" "$1" "$2" "$3" "$4" "$5")"
}

# soon COMMAND...: within 10 seconds.
soon() {
	soon_left=200
	until "$@" >/dev/null 2>&1; do
		soon_left=$((soon_left - 1))
		[ "$soon_left" -gt 0 ] || return 1
		sleep 0.05
	done
}

out "Drill of the pre-trade controls, $(date -u +%Y-%m-%dT%H:%M:%SZ)"
for stage in $stages; do out "$("$B/$stage" -V)"; done
builds=$(for stage in $stages; do "$B/$stage" -V; done | cut -d ' ' -f 2- | sort -u | wc -l)
same=0
[ "$builds" -eq 1 ] || same=1
verdict build 'one' "$stages" '1 build' "$builds" $same

# --- risker: a state, an alert, and what it makes of it ----------------------
#
# The world of each case: 10:30:00, equity 10000, BTCUSDT at 50000, nothing
# open.  A buy at 50000 has its stop 2 % below, 49000; 2 % of the equity are
# 200; 200 / 1000 = 0.2, worth 10000, 100 % of the equity.
world() {
	equity=10000 first=10000 mark=50000 held='' status=Trading symbols=BTCUSDT
	min_qty=0.001 max_qty=500 min_value=5 max_leverage=100
	wallet_at=10:29:58.000 positions_at=10:29:58.000 ticker_at=10:29:58.000
	action=buy symbol=BTCUSDT trend=4 price=50000 more='' before='' set=''
}
line() {
	printf '{"type":"%s","time":"2026-01-02T%sZ","account":"main","host":"h","uid":"1",%s}\n' "$1" "$2" "$3"
}
facts() {
	[ -z "$first" ] || line wallet 00:00:01.000 '"wallet":{"totalEquity":"'$first'","coin":[]}'
	line positions "$positions_at" '"category":"linear","settle_coin":"USDT","positions":['"$held"'],"closed_pnl":[]'
	[ -z "$equity" ] || line wallet "$wallet_at" '"wallet":{"totalEquity":"'$equity'","coin":[]}'
	line tickers "$ticker_at" '"category":"linear","list":[{"symbol":"'$symbols'","lastPrice":"'$mark'","markPrice":"'$mark'"}]'
	line instruments 10:29:58.000 '"category":"linear","list":[{"symbol":"'$symbols'","status":"'$status'","leverageFilter":{"maxLeverage":"'$max_leverage'"},"priceFilter":{"tickSize":"0.10"},"lotSizeFilter":{"minOrderQty":"'$min_qty'","qtyStep":"0.001","maxMktOrderQty":"'$max_qty'","minNotionalValue":"'$min_value'"}}]'
}
# holds SYMBOL SIZE [MARK]: a row of the snapshot.
holds() {
	printf '{"symbol":"%s","positionIdx":0,"side":"Buy","size":"%s","avgPrice":"%s","markPrice":"%s","positionValue":"%s","leverage":"10","seq":1,"openTime":1,"createdTime":"1","updatedTime":"1","positionStatus":"Normal"}' "$1" "$2" "$3" "$3" "$4"
}
alert_line() {
	printf '{"type":"alert","id":"%s","time":"2026-01-02T10:30:00.000Z","source":"127.0.0.1","action":"%s","symbol":"%s","trend_composite":"%s","price":"%s"%s}\n' \
	    "$(id "$1")" "$action" "$symbol" "$trend" "$price" "$more"
}
# pure PROGRAM: no clock, no network; with the settings of the case.
pure() {
	env -i PATH="$PATH" ASAN_OPTIONS="${ASAN_OPTIONS:-}" STATE_MAP_SIZE=16M LOG_LEVEL=ERROR $set "$B/$1" -e /dev/null -d w 2>>drill.log
}
# r RULE LIMIT TRIED EXPECTED [NAME=VALUE...]: EXPECTED is "order QTY", "close",
# or what the one error begins with; with a + before it, one of several.
r() {
	r_rule=$1 r_limit=$2 r_tried=$3 r_expected=$4
	shift 4
	world
	for assignment; do eval "${assignment%%=*}=\${assignment#*=}"; done
	rm -rf w
	mkdir -m 700 w
	facts | pure differ >/dev/null
	{
		[ -z "$before" ] || printf '%s\n' "$before"
		alert_line 2
	} | pure risker | tail -n 1 >decided
	# How many errors, and which.
	r_seen=$(jq -r 'if .type != "order" then "\(.errors | length) \(.errors | join("; "))"
	    elif .action == "close" then "0 close" else "0 order \(.qty)" end' decided)
	r_errors=${r_seen%% *} r_seen=${r_seen#* } r_ok=1
	case $r_expected in
	'order '* | close) [ "$r_seen" != "$r_expected" ] || r_ok=0 ;;
	+*) case "; $r_seen" in *"; ${r_expected#+}"*) r_ok=0 ;; esac ;;
	*) case "$r_errors $r_seen" in "1 $r_expected"*) r_ok=0 ;; esac ;;
	esac
	# As who reads the report understands it.
	case $r_expected in +*) r_expected="${r_expected#+} (among others)" ;; esac
	verdict "risker: $r_rule" "$r_limit" "$r_tried" "$r_expected" "$r_seen" $r_ok
}

out ''
out 'risker'
r whitelist 'ALLOWED_SYMBOLS=BTCUSDT' BTCUSDT 'order 0.200' set=ALLOWED_SYMBOLS=BTCUSDT
r whitelist 'ALLOWED_SYMBOLS=ETHUSDT' BTCUSDT 'Symbol BTCUSDT is not in ALLOWED_SYMBOLS' set=ALLOWED_SYMBOLS=ETHUSDT
r trend 'TREND_THRESHOLD 3' 'buy, 3.01' 'order 0.200' trend=3.01
r trend 'TREND_THRESHOLD 3' 'buy, 3' 'Trend composite 3 is not above 3' trend=3
r trend 'TREND_THRESHOLD 3' 'buy, 2.99' 'Trend composite 2.99 is not above 3' trend=2.99
r trend 'TREND_THRESHOLD 3' 'sell, -3.01' 'order 0.200' action=sell trend=-3.01
r trend 'TREND_THRESHOLD 3' 'sell, -3' 'Trend composite -3 is not below -3' action=sell trend=-3
r trend 'TREND_THRESHOLD 3' 'sell, 4' 'Trend composite 4 is not below -3' action=sell
# 2026-01-02T10:29:00.000Z is 1767349740000.
for ms in 001 000; do
	r alert-age 'ALERT_MAX_AGE 60 s' "59.999 s, 60 s: stamped …740$ms" 'order 0.200' 'more=,"timestamp":"1767349740'$ms'"' set=ALERT_MAX_AGE=60
done
r alert-age 'ALERT_MAX_AGE 60 s' '60.001 s' "Alert's timestamp is 60.001 s old" 'more=,"timestamp":"1767349739999"' set=ALERT_MAX_AGE=60
closed='{"type":"alert","id":"'$(id 1)'","time":"2026-01-02T10:29:59.000Z","source":"127.0.0.1","action":"close","symbol":"BTCUSDT","trend_composite":"0","price":"50000","timestamp":"1767349740000"}'
r last-close 'a close of …740000' 'a bar of …740001' 'order 0.200' "before=$closed" 'more=,"timestamp":"1767349740001"'
r last-close 'a close of …740000' 'a bar of …740000' 'order 0.200' "before=$closed" 'more=,"timestamp":"1767349740000"'
r last-close 'a close of …740000' 'a bar of …739999' 'Alert is older than the last close' "before=$closed" 'more=,"timestamp":"1767349739999"'
r equity 'STATE_MAX_AGE 30 s' '29.999 s' 'order 0.200' wallet_at=10:29:30.001
r equity 'STATE_MAX_AGE 30 s' '30 s' 'order 0.200' wallet_at=10:29:30.000
r equity 'STATE_MAX_AGE 30 s' '30.001 s' 'Equity is 30.001 s old' wallet_at=10:29:29.999
r equity 'above 0' 0 '+Equity 0 is not above 0' equity=0 first=0
r equity 'above 0' -0.01 '+Equity -0.01 is not above 0' equity=-0.01 first=
r equity known none 'Equity is not known' equity= first=
r positions 'STATE_MAX_AGE 30 s' '29.999 s' 'order 0.200' positions_at=10:29:30.001
r positions 'STATE_MAX_AGE 30 s' '30 s' 'order 0.200' positions_at=10:29:30.000
r positions 'STATE_MAX_AGE 30 s' '30.001 s' 'Positions are 30.001 s old' positions_at=10:29:29.999
r price 'STATE_MAX_AGE 30 s' '29.999 s' 'order 0.200' ticker_at=10:29:30.001
r price 'STATE_MAX_AGE 30 s' '30 s' 'order 0.200' ticker_at=10:29:30.000
r price 'STATE_MAX_AGE 30 s' '30.001 s' 'Price of BTCUSDT is 30.001 s old' ticker_at=10:29:29.999
r instrument Trading PreLaunch 'Instrument BTCUSDT is not open for trading' status=PreLaunch
r instrument known 'another alone' '+Instrument BTCUSDT is not known' symbols=LTCUSDT
# Stop 49000, asked for.  51000 is 2 % off 50000: 200 / 2000 = 0.1; 200 / 1999.9 = 0.10000500…
r deviation 'MAX_PRICE_DEVIATION 2 %' '50999.9' 'order 0.100' price=50999.9 'more=,"stop_loss":"49000"'
r deviation 'MAX_PRICE_DEVIATION 2 %' '51000' 'order 0.100' price=51000 'more=,"stop_loss":"49000"'
r deviation 'MAX_PRICE_DEVIATION 2 %' '51000.1' 'Price 51000.1 deviates' price=51000.1 'more=,"stop_loss":"49000"'
# 0.2 % of 50000 are 100, 10 % are 5000.  0.1 % of the equity are 10; 10 / 100.1 =
# 0.0999…, 10 / 100 = 0.1; 10 / 4999.9 = 0.00200004, 10 / 5000 = 0.002.
r stop-loss 'STOP_LOSS_MIN 0.2 %' '49899.9' 'order 0.099' 'more=,"stop_loss":"49899.9"' set=MAX_RISK_PER_TRADE=0.1
r stop-loss 'STOP_LOSS_MIN 0.2 %' '49900' 'order 0.100' 'more=,"stop_loss":"49900"' set=MAX_RISK_PER_TRADE=0.1
r stop-loss 'STOP_LOSS_MIN 0.2 %' '49900.1' 'Stop loss 49900.10 is 0.1998 %' 'more=,"stop_loss":"49900.1"' set=MAX_RISK_PER_TRADE=0.1
r stop-loss 'STOP_LOSS_MAX 10 %' '45000.1' 'order 0.002' 'more=,"stop_loss":"45000.1"' set=MAX_RISK_PER_TRADE=0.1
r stop-loss 'STOP_LOSS_MAX 10 %' '45000' 'order 0.002' 'more=,"stop_loss":"45000"' set=MAX_RISK_PER_TRADE=0.1
r stop-loss 'STOP_LOSS_MAX 10 %' '44999.9' 'Stop loss 44999.90 is 10.0002 %' 'more=,"stop_loss":"44999.9"' set=MAX_RISK_PER_TRADE=0.1
r stop-loss 'below a buy' '50000' 'Stop loss 50000.00 is not below the price' 'more=,"stop_loss":"50000"'
r stop-loss 'above a sell' '50000' 'Stop loss 50000.00 is not above the price' action=sell trend=-4 'more=,"stop_loss":"50000"'
r take-profit 'above a buy at 50000' '50000.1' 'order 0.200' 'more=,"take_profit":"50000.1"'
r take-profit 'above a buy at 50000' '50000' 'Take profit 50000.00 is not above' 'more=,"take_profit":"50000"'
r take-profit 'above a buy at 50000' '49999.9' 'Take profit 49999.90 is not above' 'more=,"take_profit":"49999.9"'
# 0.01 % of 10000 is 1, of 9999 0.9999; over 1000: 0.001, 0.0009999.
r quantity 'minimum 0.001' 0.002 'order 0.002' set=MAX_RISK_PER_TRADE=0.02
r quantity 'minimum 0.001' 0.001 'order 0.001' set=MAX_RISK_PER_TRADE=0.01
r quantity 'minimum 0.001' 0.000 '+Quantity 0.000 of BTCUSDT is below the minimum' equity=9999 first=9999 set=MAX_RISK_PER_TRADE=0.01
r quantity 'maximum 0.201' 0.200 'order 0.200' max_qty=0.201
r quantity 'maximum 0.200' 0.200 'order 0.200' max_qty=0.200
r quantity 'maximum 0.199' 0.200 'Quantity 0.200 of BTCUSDT is above the maximum' max_qty=0.199
r quantity 'minimum value 9999.99' 10000 'order 0.200' min_value=9999.99
r quantity 'minimum value 10000' 10000 'order 0.200' min_value=10000
r quantity 'minimum value 10000.01' 10000 'Order value 10000.00 of BTCUSDT is below' min_value=10000.01
r per-symbol 'MAX_POSITIONS_PER_SYMBOL 1' 'one of another' 'order 0.200' "held=$(holds ETHUSDT 1 2500 2500)"
r per-symbol 'MAX_POSITIONS_PER_SYMBOL 1' 'a second' 'Max positions reached for BTCUSDT: 1' "held=$(holds BTCUSDT 0.01 50000 500)"
r max-positions 'MAX_POSITIONS 3' 'the second' 'order 0.200' set=MAX_POSITIONS=3 "held=$(holds ETHUSDT 1 2500 2500)"
r max-positions 'MAX_POSITIONS 3' 'the third' 'order 0.200' set=MAX_POSITIONS=3 "held=$(holds ETHUSDT 1 2500 2500),$(holds LTCUSDT 1 70 70)"
r max-positions 'MAX_POSITIONS 3' 'the fourth' 'Max positions reached: 3' set=MAX_POSITIONS=3 "held=$(holds ETHUSDT 1 2500 2500),$(holds LTCUSDT 1 70 70),$(holds XRPUSDT 1 1 1)"
# 10 % of the day's first 10000 are 1000.  2 % of 9000.01 are 180.0002; over 1000: 0.180.
r daily-loss 'MAX_DAILY_LOSS 10 %' 'lost 999.99' 'order 0.180' equity=9000.01
r daily-loss 'MAX_DAILY_LOSS 10 %' 'lost 1000' 'Daily loss limit reached: 1000.00 lost of 10000.00' equity=9000
r daily-loss 'MAX_DAILY_LOSS 10 %' 'lost 1000.01' 'Daily loss limit reached: 1000.01 lost of 10000.00' equity=8999.99
# 600 % are 60000; this one is worth 10000.
r exposure 'MAX_EXPOSURE 600 %' '59999.99' 'order 0.200' "held=$(holds ETHUSDT 1 49999.99 49999.99)"
r exposure 'MAX_EXPOSURE 600 %' '60000' 'order 0.200' "held=$(holds ETHUSDT 1 50000 50000)"
r exposure 'MAX_EXPOSURE 600 %' '60000.01' 'Exposure of 600.0001 % exceeds MAX_EXPOSURE' "held=$(holds ETHUSDT 1 50000.01 50000.01)"
r leverage "the contract's 100" 99 'order 0.200' set=LEVERAGE=99
r leverage "the contract's 100" 100 'order 0.200' set=LEVERAGE=100
r leverage "the contract's 100" 101 'LEVERAGE 101 is above the maximum of BTCUSDT: 100' set=LEVERAGE=101
# This one and 9999.99, 10000 or 10000.01 more, at LEVERAGE 2.
r margin 'the equity, 10000' '9999.995' 'order 0.200' set=LEVERAGE=2 "held=$(holds ETHUSDT 1 9999.99 9999.99)"
r margin 'the equity, 10000' '10000' 'order 0.200' set=LEVERAGE=2 "held=$(holds ETHUSDT 1 10000 10000)"
r margin 'the equity, 10000' '10000.005' 'Margin of 10000.005 at LEVERAGE 2 exceeds the equity' set=LEVERAGE=2 "held=$(holds ETHUSDT 1 10000.01 10000.01)"
r 'a close' none 'nothing is known' close action=close trend=0 equity= first= symbols=LTCUSDT positions_at=09:00:00.000 ticker_at=09:00:00.000
# The same alert again gets the same line, and is one decision.
world
rm -rf w
mkdir -m 700 w
facts | pure differ >/dev/null
{
	alert_line 2
	alert_line 2
} | pure risker >decided
same=0
[ "$(sort -u decided | wc -l)" -eq 1 ] && [ "$("$B/statecat" -e /dev/null -d w risker/decisions | wc -l)" -eq 1 ] || same=1
verdict 'risker: duplicate' 'one decision an alert' 'the same alert twice' 'the same line twice' "$(wc -l <decided) lines, $(sort -u decided | wc -l) of them different" $same

# --- trader, with a hostile upstream ----------------------------------------
exchange
control limits '{"per_second":1000,"per_ip":0}'
control price '{"BTCUSDT":"50000"}'

# world_of N: a state of its own.
world_of() {
	S=$T/st$1
	mkdir -m 700 "$S"
	"$B/decide" -d "$S" </dev/null
}
# order N [JQ FILTER]: a decision: 0.02 BTCUSDT at 50000, worth 1000, stop 49000.
order() {
	entry "$1" buy 0.02 50000 49000 | jq -c "${2:-.}"
}
# look: what trader has of each order, what it said, and what went out.
look() {
	"$B/statecat" -d "$S" trader/orders | jq -r '"\(.order_link_id) \(.state)"' >rows
	jq -r 'select(.type == "result" and (.ok | not)) | "\(.id) \(.errors // [.error] | join("; "))"' trader.out >why
	jq -r 'select(.path == "/v5/order/create").body | fromjson.orderLinkId' "$JOURNAL" >wires
}
# final N...: all of them are, and what was refused is told.
final() {
	look
	for final_n; do
		case $(sed -n "s/^$(id "$final_n")-0 //p" rows) in
		dry | protected | closed) ;;
		rejected | expired | failed) grep -q "^$(id "$final_n") " why || return 1 ;;
		*) return 1 ;;
		esac
	done
}
# t N RULE LIMIT TRIED EXPECTED [SENT]: of a decision that was put, and looked
# for; SENT: how often it went out.
t() {
	t_state=$(sed -n "s/^$(id "$1")-0 //p" rows)
	t_why=$(sed -n "s/^$(id "$1") //p" why | tail -n 1)
	t_sent=$(grep -c "^$(id "$1")-0\$" wires) || :
	t_seen=$t_state${t_why:+: $t_why} t_ok=1
	case $t_seen in "$5"*) [ "$t_sent" -ne "${6:-0}" ] || t_ok=0 ;; esac
	verdict "trader: $2" "$3" "$4" "$5, sent ${6:-0}x" "$t_seen, sent ${t_sent}x" $t_ok
}
# t1: as t, once it is final.
t1() {
	soon final "$1" || :
	t "$@"
}

out ''
out 'trader, decisions written past risker, DRY_RUN: dry is what would be sent'
world_of 1
start DRY_RUN=true MAX_ORDERS_PER_MINUTE=1000
soon has "$JOURNAL" wallet-balance
control trade '{"symbol":"ETHUSDT","side":"Sell","qty":"0.01"}'
control trade '{"symbol":"LTCUSDT","side":"Buy","qty":"0.1"}'
# The fees of both; what was seen before them must not count.
control balance '{"USDT":"10000"}'
stop trader
start DRY_RUN=true MAX_ORDERS_PER_MINUTE=1000 ALLOWED_SYMBOLS=BTCUSDT,ETHUSDT,LTCUSDT
expires() {
	printf '.expires = (.time | sub("[.][0-9]*Z"; "Z") | fromdate + %d | todate | sub("Z"; "%sZ")) | .time |= sub("[.][0-9]*Z"; ".000Z")' "$1" "$2"
}
{
	order 1 '.stop_loss = "49899.9"'
	order 2 '.stop_loss = "49900"'
	order 3 '.stop_loss = "49900.1"'
	order 4 '.stop_loss = "45000.1"'
	order 5 '.stop_loss = "45000"'
	order 6 '.stop_loss = "44999.9"'
	order 7 '.stop_loss = "50000"'
	order 8 '.action = "sell" | .side = "Sell" | .stop_loss = "50000"'
	order 9 '.action = "sell" | .side = "Sell" | .stop_loss = "51000"'
	order 10 '.qty = "0.219"'
	order 11 '.qty = "0.220"'
	order 12 '.qty = "0.221"'
	order 13 '.qty = "1.199" | .stop_loss = "49900"'
	order 14 '.qty = "1.200" | .stop_loss = "49900"'
	order 15 '.qty = "1.201" | .stop_loss = "49900"'
	order 16 '.qty = "0"'
	order 17 '.qty = "-0.02"'
	order 18 '.symbol = "XRPUSDT"'
	order 19 '.account = "other"'
	order 20 "$(expires 29 .999)"
	order 21 "$(expires 30 .000)"
	order 22 "$(expires 30 .001)"
	order 23 '.time |= (sub("[.][0-9]*Z"; "Z") | fromdate + 4 | todate) | .expires |= (sub("[.][0-9]*Z"; "Z") | fromdate + 4 | todate)'
	order 25 '.time |= (sub("[.][0-9]*Z"; "Z") | fromdate - 29 | todate) | .expires = (now - 1 | todate)'
	order 26 '.symbol = "ETHUSDT" | .price = "2500" | .stop_loss = "2450"'
	order 27 '.symbol = "LTCUSDT" | .price = "70" | .stop_loss = "69" | .qty = "1"'
} >orders
decide <orders
# Each second until trader looks takes one of the ten.
order 24 '.time |= (sub("[.][0-9]*Z"; "Z") | fromdate + 10 | todate) | .expires |= (sub("[.][0-9]*Z"; "Z") | fromdate + 10 | todate)' | decide
# shellcheck disable=SC2046 # numbers
soon final $(seq 27) || :
t 1 stop 'STOP_LOSS_MIN 0.2 %, 100' '100.1 away' dry
t 2 stop 'STOP_LOSS_MIN 0.2 %, 100' '100 away' dry
t 3 stop 'STOP_LOSS_MIN 0.2 %, 100' '99.9 away' 'rejected: Stop loss 49900.1 is nearer than STOP_LOSS_MIN'
t 4 stop 'STOP_LOSS_MAX 10 %, 5000' '4999.9 away' dry
t 5 stop 'STOP_LOSS_MAX 10 %, 5000' '5000 away' dry
t 6 stop 'STOP_LOSS_MAX 10 %, 5000' '5000.1 away' 'rejected: Stop loss 44999.9 is farther than STOP_LOSS_MAX'
t 7 stop 'below a buy' 'at the price' 'rejected: Stop loss 50000 is not below the price'
t 8 stop 'above a sell' 'at the price' 'rejected: Stop loss 50000 is not above the price'
t 9 stop 'above a sell' '1000 above' dry
t 10 quantity 'MAX_RISK_PER_TRADE 2 % and a tenth, 220' 'loses 219' dry
t 11 quantity 'MAX_RISK_PER_TRADE 2 % and a tenth, 220' 'loses 220' dry
t 12 quantity 'MAX_RISK_PER_TRADE 2 % and a tenth, 220' 'loses 221' 'rejected: Loss at the stop of 221.00 exceeds MAX_RISK_PER_TRADE: 220.00'
t 13 quantity 'MAX_EXPOSURE 600 %, 60000' 'worth 59950' dry
t 14 quantity 'MAX_EXPOSURE 600 %, 60000' 'worth 60000' dry
t 15 quantity 'MAX_EXPOSURE 600 %, 60000' 'worth 60050' 'rejected: Position of 60050.00 exceeds MAX_EXPOSURE: 60000.00'
t 16 quantity 'above 0' 0 'rejected: Quantity 0 is not above zero'
t 17 quantity 'above 0' '-0.02' 'rejected: Quantity -0.02 is not above zero'
t 18 symbol ALLOWED_SYMBOLS XRPUSDT 'rejected: Symbol XRPUSDT is not in ALLOWED_SYMBOLS'
t 19 symbol ACCOUNT other 'rejected: Order is for account other, not main'
t 20 age 'ALERT_TTL 30 s' 'lives 29.999 s' dry
t 21 age 'ALERT_TTL 30 s' 'lives 30 s' dry
t 22 age 'ALERT_TTL 30 s' 'lives 30.001 s' 'rejected: Order lives longer than ALERT_TTL'
t 23 age 'from the future: 5 s' '3 to 4 s' dry
t 24 age 'from the future: 5 s' 'more, up to 10 s' 'rejected: Alert is from the future'
t 25 age expires 'a second ago' expired
t 26 opposite 'no position on the other side' 'a short by hand' 'rejected: A position on the other side of ETHUSDT is open'
t 27 opposite 'no position on the other side' 'a long by hand' dry
stop trader

# once RULE TRIED EXPECTED AGE [AFTER]: a trader of its own for one order, after
# so many seconds or what it has said by then.
n=30
once() {
	n=$((n + 1))
	start DRY_RUN=true STATE_MAX_AGE="$4"
	soon has_lately ready
	case ${5:-} in
	'') ;;
	[0-9]*) sleep "$5" ;;
	*) soon has_lately "$5" ;;
	esac
	order $n | decide
	t1 $n "$1" "${2%%: *}" "${2#*: }" "$3"
	stop trader
}
control clock '{"offset_ms":-4000}'
once clock '5 s: 4 s fast' dry 30
control clock '{"offset_ms":-6000}'
once clock '5 s: 6 s fast' "rejected: This machine's clock is" 30
control clock '{"offset_ms":0}'
control key '{"readOnly":1}'
once key 'may trade: read-only' 'rejected: The API key is read-only' 30 'API key is read-only'
control key '{"readOnly":0}'
once equity 'STATE_MAX_AGE 30 s: just read' dry 30
control fault '{"path":"/v5/account/wallet-balance","status":500,"count":0}'
once equity 'known: never read' 'rejected: Equity is not known yet' 30 3
control clear '{}'
control limits '{"per_second":1000,"per_ip":0}'

# What counts is counted in the state: trader is killed before each last try.
# Orders that do not fill leave the equity at 10000: they count all the same.
# A coin costs 1.
coin_order() {
	order "$1" ".symbol = \"COIN$1USDT\" | .price = \"1\" | .stop_loss = \"0.98\" | .qty = \"$2\""
}
coins=$(seq -f 'COIN%gUSDT' 100 299 | paste -s -d , -)
halted() {
	[ -e "$S/halt" ]
}
again() {
	kill9 trader
	start "$@"
}
out ''
out 'trader, counted caps, killed (-9) in between'
control fill '{"percent":0,"count":1000}'
world_of 2
set -- ALLOWED_SYMBOLS="$coins" MAX_ORDERS_PER_MINUTE=3 MAX_CONSECUTIVE_REJECTS=100
start "$@"
{
	coin_order 101 10
	coin_order 102 10
	coin_order 103 10
} | decide
soon final 101 102 103 || :
t 101 minute 'MAX_ORDERS_PER_MINUTE 3' 'the first three' failed 1
t 102 minute 'MAX_ORDERS_PER_MINUTE 3' 'the first three' failed 1
t 103 minute 'MAX_ORDERS_PER_MINUTE 3' 'the first three' failed 1
halted && still=1 || still=0
verdict 'trader: minute' 'MAX_ORDERS_PER_MINUTE 3' 'three' 'no halt' "$(cat "$S/halt" 2>/dev/null || echo 'no halt')" $still
again "$@"
coin_order 104 10 | decide
t1 104 minute 'MAX_ORDERS_PER_MINUTE 3' 'the fourth' 'rejected: Orders in the last minute reached MAX_ORDERS_PER_MINUTE: 3'
halted && still=0 || still=1
verdict 'trader: minute' 'MAX_ORDERS_PER_MINUTE 3' 'four' 'a halt' "$(cat "$S/halt" 2>/dev/null || echo 'no halt')" $still
stop trader

world_of 3
set -- ALLOWED_SYMBOLS="$coins" MAX_DAILY_NOTIONAL=2 MAX_CONSECUTIVE_REJECTS=100
start "$@"
coin_order 111 195 | decide
t1 111 notional 'MAX_DAILY_NOTIONAL 2 %, 200' 195 failed 1
again "$@"
coin_order 112 6 | decide
t1 112 notional 'MAX_DAILY_NOTIONAL 2 %, 200' '195 and 6' 'rejected: Entries of the day of 201.00 exceed MAX_DAILY_NOTIONAL: 200.00'
coin_order 113 5 | decide
t1 113 notional 'MAX_DAILY_NOTIONAL 2 %, 200' '195 and 5' failed 1
stop trader

world_of 4
set -- ALLOWED_SYMBOLS="$coins" MAX_CONSECUTIVE_REJECTS=3
start "$@"
coin_order 121 10 | decide
t1 121 rejects 'MAX_CONSECUTIVE_REJECTS 3' 'the first' failed 1
again "$@"
coin_order 122 10 | decide
t1 122 rejects 'MAX_CONSECUTIVE_REJECTS 3' 'the second' failed 1
halted && still=1 || still=0
verdict 'trader: rejects' 'MAX_CONSECUTIVE_REJECTS 3' two 'no halt' "$(cat "$S/halt" 2>/dev/null || echo 'no halt')" $still
again "$@"
coin_order 123 10 | decide
t1 123 rejects 'MAX_CONSECUTIVE_REJECTS 3' 'the third' failed 1
soon halted && still=0 || still=1
verdict 'trader: rejects' 'MAX_CONSECUTIVE_REJECTS 3' three 'a halt' "$(cat "$S/halt" 2>/dev/null || echo 'no halt')" $still
coin_order 124 10 | decide
t1 124 rejects 'MAX_CONSECUTIVE_REJECTS 3' 'the next' 'rejected: Trading is halted'
stop trader
control clear '{}'
control limits '{"per_second":1000,"per_ip":0}'

# --- duplicates, and lines that nobody decided ------------------------------
out ''
out 'trader, duplicates and lines that risker did not decide'
world_of 5
set -- ALLOWED_SYMBOLS="$coins" MAX_RISK_PER_TRADE=1
start "$@"
coin_order 131 100 >one
decide <one
soon is_state 131 protected
send trader.sock <one
again "$@"
cat one one | send trader.sock
sleep 1.2
t1 131 duplicate 'one order an alert' 'four times, killed in between' protected 1
jq -c '.qty = "101"' one | send trader.sock
coin_order 132 100 | send trader.sock
soon has_lately 'did not decide'
undecided=1
[ "$(sent 131)" -eq 1 ] && [ "$(sent 132)" -eq 0 ] && [ -z "$(state 132)" ] && undecided=0
verdict 'trader: decision' 'the very line is decided' 'another digit; another order' 'sent 1x, 0x' "sent $(sent 131)x, $(sent 132)x" $undecided

# --- the kill switch: trader is the only program that lives -----------------
out ''
out 'the kill switch, every other program dead'
# k RULE TRIED EXPECTED COMMAND...
k() {
	k_rule=$1 k_tried=$2 k_expected=$3
	shift 3
	soon "$@" && k_ok=0 || k_ok=1
	verdict "$k_rule" 'state/halt' "$k_tried" "$k_expected" "$([ $k_ok -eq 0 ] && echo "$k_expected" || echo 'it is not so')" $k_ok
}
stop_is() {
	[ "$(stands "$1" | cut -d ' ' -f 2)" = "$2" ]
}
k halt 'scripts/halt' 'it says halted' "$top/scripts/halt" -d "$S" 'the drill'
coin_order 141 100 | decide
t1 141 halt 'state/halt' 'an entry' 'rejected: Trading is halted: the drill'
control stop '{"symbol":"COIN131USDT","stopLoss":"0"}'
k halt 'the stop of a position is taken off' 'it is set again' stop_is COIN131USDT 0.98
again "$@"
coin_order 142 100 | decide
t1 142 halt 'state/halt' 'an entry after kill -9 of trader' 'rejected: Trading is halted: the drill'
exit_of 143 COIN131USDT | decide
k halt 'a close' 'the position is gone' flat COIN131USDT
k resume 'scripts/resume' 'it says resumed' "$top/scripts/resume" -d "$S"
coin_order 144 100 | decide
t1 144 resume 'no state/halt' 'an entry' protected 1
# Halted while an order is under way: it is finished and protected, and the last.
control fault '{"path":"/v5/order/create","match":"COIN145USDT","delay_ms":1500}'
coin_order 145 100 | decide
is_sent() {
	[ "$(sent "$1")" -eq 1 ]
}
soon is_sent 145
"$top/scripts/halt" -d "$S" 'under way' >/dev/null
coin_order 146 100 | decide
t1 145 halt 'state/halt' 'an entry under way' protected 1
k halt 'its stop' 'it stands' stop_is COIN145USDT 0.98
t1 146 halt 'state/halt' 'the next one' 'rejected: Trading is halted: under way'
"$top/scripts/resume" -d "$S" >/dev/null
kill9 trader
: >"$S/halt"
start "$@"
coin_order 147 100 | decide
t1 147 halt 'an empty file, by hand, trader dead' 'an entry' 'rejected: Trading is halted'
stop trader

# --- each rule of the manuals has a case ------------------------------------
out ''
# rules MANUAL SECTION: what is listed there.
rules() {
	awk -v section="$2" '/^\.Ss/ { in_it = $0 == ".Ss " section } in_it && /^\.El/ { exit } in_it && /^\.It / { print $2 }' "$top/$1"
}
missing=
for rule in $(rules risker/risker.8 'Rules of an entry'); do
	grep -q "| risker: $rule |" report || missing="$missing risker:$rule"
done
for rule in $(rules trader/trader.8 'Before an entry'); do
	grep -q "| trader: $rule |" report || missing="$missing trader:$rule"
done
complete=0
[ -z "$missing" ] && [ "$(rules risker/risker.8 'Rules of an entry' | wc -l)" -ge 18 ] && [ "$(rules trader/trader.8 'Before an entry' | wc -l)" -ge 11 ] || complete=1
verdict 'every rule' 'risker(8), trader(8)' 'a case each' 'none is missing' "${missing:-none is missing}" $complete
out "$cases cases, $failed failed"
[ -z "${REPORT:-}" ] || cp report "$REPORT"
[ "$failed" -eq 0 ]
