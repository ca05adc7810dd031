# What differ's end-to-end tests write lines with.  Sourced, after lib.sh.

# snap SECOND ROWS [RECORDS]: a snapshot of account $account (main).
snap() {
	printf '{"type":"positions","time":"2025-01-01T00:%02d:%02d.000Z","account":"%s","category":"linear","settle_coin":"USDT","positions":[%s],"closed_pnl":[%s]}\n' \
	    $(($1 / 60)) $(($1 % 60)) "${account:-main}" "$2" "${3:-}"
}

# row SYMBOL SIDE SIZE PRICE SEQ
row() {
	printf '{"positionIdx":0,"symbol":"%s","side":"%s","size":"%s","avgPrice":"%s","markPrice":"%s","leverage":"10","positionStatus":"Normal","cumRealisedPnl":"0","seq":%s,"updatedTime":"1735689600000"}' \
	    "$1" "$2" "$3" "$4" "$4" "$5"
}

# recording N: N snapshots, a second apart, each of which makes one signal.
recording() {
	snap 0 ''
	recording_n=1
	while [ "$recording_n" -lt "$1" ]; do
		snap "$recording_n" "$(row BTCUSDT Buy "$recording_n" 100 "$recording_n")"
		recording_n=$((recording_n + 1))
	done
}

# events [DIR]: the journal.
events() {
	"$B/statecat" -d "${1:-state}" differ/events
}
