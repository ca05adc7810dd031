# What notifier's end-to-end tests share.  Sourced, after lib.sh.

export STATE_DIR="$T/state"
began=$(date +%s)

# at SECOND: a time near now, as a line has it.
at() {
	date -u -d "@$((began + $1))" +%Y-%m-%dT%H:%M:%S.000Z
}

# signal SEQ NUMBER ACTION [MEMBERS]: a line of differ's, BTCUSDT, long; more
# members as ,"name":value.  $journal and $age (seconds) may be set.
signal() {
	signal_more=
	case $3 in
	PARTIAL_CLOSE) signal_more=',"close_percentage":"50.00","realized_pnl":"250.5","pnl_coin":"USDT"' ;;
	CLOSE) signal_more=',"exit_price":"47000","profit_percentage":"4.44","max_position_size":"1","realized_pnl":"500","pnl_coin":"USDT"' ;;
	esac
	printf '{"type":"signal","seq":%s,"time":"%s","account":"main","signal_number":%s,"action":"%s","category":"linear","symbol":"BTCUSDT","signal_type":"buy","position_idx":0,"position_size":"1","old_position_size":"0.5","entry_price":"45000","leverage":"10"%s%s,"journal":"%s"}\n' \
	    "$1" "$(at "-${age:-0}")" "$2" "$3" "$signal_more" "${4:-}" "${journal:-9f86d081}"
}

# snap SECOND ROWS: a snapshot for differ; row SYMBOL SIDE SIZE SEQ: of it.
snap() {
	printf '{"type":"positions","time":"%s","account":"main","category":"%s","settle_coin":"USDT","positions":[%s],"closed_pnl":[]}\n' \
	    "$(at "$1")" "${category:-linear}" "$2"
}
row() {
	printf '{"positionIdx":0,"symbol":"%s","side":"%s","size":"%s","avgPrice":"100","markPrice":"100","leverage":"10","positionStatus":"Normal","cumRealisedPnl":"0","seq":%s,"updatedTime":"1735689600000"}' \
	    "$1" "$2" "$3" "$4"
}

# heads FILE: the first line of each message in delivery lines.
heads() {
	jq -r 'select(.text) | .text | split("\n")[0]' "$1"
}

# sent [CHAT]: the first line of each message that Telegram took, "CHAT LINE".
sent() {
	jq -r "select(.delivered${1:+ and .chat_id == \"$1\"}) | \"\(.chat_id) \(.text | split(\"\n\")[0])\"" "$JOURNAL"
}

# tried CHAT: how often something was sent to it.
tried() {
	jq -c "select(.chat_id == \"$1\")" "$JOURNAL" | wc -l
}
took() {
	[ "$(sent "$1" | wc -l)" -ge "$2" ]
}
was_tried() {
	[ "$(tried "$1")" -ge "$2" ]
}

# spans N CHAT: the shortest time in which N messages in turn went, ms.
spans() {
	jq -rn "[inputs | select(.chat_id | strings | test(\"$2\")) |
	    (.time[0:19] + \"Z\" | fromdate) * 1000 + (.time[20:23] | tonumber)] |
	    [range($1 - 1; length) as \$i | .[\$i] - .[\$i - $1 + 1]] | min" "$JOURNAL"
}
# at_least MS N CHAT, but for what a busy machine takes to receive the first one:
# of more messages more is proven.  unit/test-rate is exact.
at_least() {
	span=$(spans "$2" "$3")
	[ "$span" -ge $(($1 - 300)) ] || fail "$2 messages to $3 within $span ms, not $1"
}

# balance ID
balance() {
	"$B/subscribers" show "$1" | jq -r .balance
}

# table NAME: a table of notifier's.
table() {
	"$B/statecat" "notifier/$1"
}

# alarm NAME true|false: it stands so in the state.
alarm() {
	table alarms | is_true -s "any(.[]; .alarm == \"$1\" and .open == $2)"
}

# no_secret FILE...: the token stands in none of them, nor in a command line.
no_secret() {
	if grep -l -e "$TELEGRAM_BOT_TOKEN" "$@"; then
		fail "the token stands in the files above (F35)"
	fi
}
