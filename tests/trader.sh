# tests/trader.sh - trader alone: decisions without risker.  Sourced after
# tests/lib.sh; the decisions are put into the state by build/decide.

export STATE_MAP_SIZE=64M
S=$T/st
mkdir -m 700 "$S"
started=0

# start [VAR=VALUE...]: trader on a socket, with the settings that are given.
start() {
	started=$((started + 1))
	spawn trader env "$@" "$B/trader" -d "$S" -i "unix:$T/trader.sock"
	wait_for 10 has_lately ready
}

# has_lately PATTERN: in what trader said since its last start.
has_lately() {
	awk -v n="$started" -v p="$1" '/msg="?ready/ { k++ } k >= n && $0 ~ p { f = 1 }
		END { exit !f }' "$T/trader.log"
}

at() {
	date -u -d "now $1" +%Y-%m-%dT%H:%M:%S.%3NZ
}

metrics='"risk_metrics":{"exposure":"9.50","drawdown":"0.00","daily_pnl":"0.00","daily_trades":1,"open_positions":1}'

# id N: an alert id.
id() {
	printf '%032d' "$1"
}

# entry N [ACTION [QTY [PRICE [STOP [SYMBOL [MORE]]]]]]: the line of an order.
entry() {
	entry_side=Buy
	[ "${2:-buy}" = buy ] || entry_side=Sell
	printf '{"type":"order","id":"%s","time":"%s","expires":"%s","account":"main","category":"linear","symbol":"%s","action":"%s","side":"%s","qty":"%s","price":"%s","stop_loss":"%s","signal_strength":"4",%s,"warnings":[]%s}\n' \
	    "$(id "$1")" "$(at '')" "$(at "+${TTL:-29} sec")" "${6:-BTCUSDT}" \
	    "${2:-buy}" "$entry_side" "${3:-0.020}" "${4:-47500.00}" "${5:-46550.00}" "$metrics" "${7:-}"
}

# exit_of N [SYMBOL [MORE]]: the line of a close.
exit_of() {
	printf '{"type":"order","id":"%s","time":"%s","expires":"%s","account":"main","category":"linear","symbol":"%s","action":"close","signal_strength":"0",%s,"warnings":[]%s}\n' \
	    "$(id "$1")" "$(at '')" "$(at '+29 sec')" "${2:-BTCUSDT}" "$metrics" "${3:-}"
}

# decide: the lines on standard input are decided; trader finds them.
decide() {
	"$B/decide" -d "$S"
}

# result N: the last result line of that alert, or nothing; its numbers as jq
# writes its own, since newer ones keep the zeros at the end of those they read.
result() {
	jq -c --arg id "$(id "$1")" 'select(.id == $id) | (.. | numbers) += 0' "$T/trader.out" | tail -n 1
}

answered() {
	[ -n "$(result "$1")" ]
}

# state N [SUFFIX]: of the order's row.
state() {
	"$B/statecat" -d "$S" trader/orders |
	    jq -r --arg l "$(id "$1")-${2:-0}" 'select(.order_link_id == $l).state'
}

is_state() {
	[ "$(state "$1" "${3:-0}")" = "$2" ]
}

# sent N [SUFFIX]: how many order/create requests of that link id arrived.
sent() {
	jq -c --arg l "$(id "$1")-${2:-0}" 'select(.path == "/v5/order/create") | .body | fromjson |
	    select(.orderLinkId == $l)' "$JOURNAL" | wc -l
}

# placed N [SUFFIX]: how many of them Bybit has as orders.
placed() {
	curl -sS "$URL/control/state" |
	    jq --arg l "$(id "$1")-${2:-0}" '[.orders[] | select(.orderLinkId == $l)] | length'
}

# stands [SYMBOL]: size and stop as the exchange has them.
stands() {
	curl -sS "$URL/control/state" |
	    jq -r --arg s "${1:-BTCUSDT}" '.positions[] | select(.symbol == $s) | "\(.size) \(.stopLoss)"'
}

# alarm NAME true|false: it stands so in the state.
alarm() {
	"$B/statecat" -d "$S" trader/alarms | is_true -s --arg n "$1" --argjson o "$2" 'any(.alarm == $n and .open == $o)'
}

# flat [SYMBOL]: the exchange is there, and has no position of it.
flat() {
	curl -sS "$URL/control/state" | is_true --arg s "${1:-BTCUSDT}" 'all(.positions[]; .symbol != $s or .size == "0")'
}
