# Keeps a state.  A credit: it is there, with its row of the ledger, or it is
# not, and the exit status says which.
requires jq
export STATE_DIR="$T/state"

scene() {
	"$B/subscribers" add ann -c stdout -t x -b 3
}

act() {
	victim subscribers "$B/subscribers" credit ann +2
	victim_ends
}

recover() {
	balance=$("$B/subscribers" show ann | jq .balance)
}

verify() {
	case $ended_status:$balance in
	0:5) ;;
	# A sync or the answer that failed, or the power: it may be there.
	*:3 | *:5) [ "$ended_status" -ne 0 ] || fail 'done, it said' ;;
	*) fail "a balance of $balance after status $ended_status" ;;
	esac
	is 'sum of the ledger' "$balance" "$("$B/statecat" notifier/ledger | jq -s 'map(.change) | add')"
}
