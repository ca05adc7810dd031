# Keeps a state.  Alerts as standard input, on a state of differ's; then the same
# alerts once more, which must get the same decisions.
requires jq
case=$top/tests/replay/risker/worked-examples
decided=0 # alerts that are before the program starts

scene() {
	# shellcheck disable=SC2046 # settings without blanks
	[ ! -e "$case/env" ] || export $(grep -v '^#' "$case/env")
	steps=$case
	[ ! -d "$case/1" ] || steps=$case/1
	base=$case/../base.ndjson
	[ ! -e "$case/base" ] || base=$case/base
	for dir in calm state; do
		mkdir -m 700 $dir
		for lines in "$base" "$steps/state.ndjson"; do
			[ ! -s "$lines" ] || "$B/differ" -d $dir <"$lines" >/dev/null 2>differ.log
		done
		[ ! -e "$steps/orders.ndjson" ] ||
		    "$B/rows" $dir trader orders order_link_id <"$steps/orders.ndjson"
		[ $decided -eq 0 ] || head -n $decided "$steps/in.ndjson" | "$B/risker" -d $dir >$dir.out 2>risker.log
	done
	"$B/risker" -d calm <"$steps/in.ndjson" >calm.out 2>calm.log
	[ -s calm.out ] || fail 'nothing is decided'
}

act() {
	victim_in=$steps/in.ndjson
	victim risker "$B/risker" -d state
	victim_ends
	[ ! -s risker.out ] || "$B/statecat" -d state risker/decisions >kept || fail 'lines, and no state'
	only_lines_of kept risker.out
}

recover() {
	"$B/risker" -d state <"$steps/in.ndjson" >again.out 2>again.log || fail 'the next start failed'
}

# What could not be looked at is refused, and stays refused.  An order is what it
# would have been undisturbed, but for its place among the day's.
verify() {
	only_lines_of again.out risker.out
	[ "$ended_status" -ne 0 ] || same again.out risker.out
	is 'decisions' "$(jq -r .id calm.out)" "$(jq -r .id again.out)"
	for lines in calm again; do
		jq -c 'select(.type == "order") | [.id, .symbol, .side, .qty, .price, .stop_loss]' $lines.out >$lines.orders
	done
	only_lines_of calm.orders again.orders
	"$B/statecat" -d state risker/decisions | sort >decisions
	sort again.out | cmp - decisions || fail 'what was said is not what was decided'
}
