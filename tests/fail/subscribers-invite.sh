# Keeps a state.  Invites: a code that is printed is good, and they are all there
# or none, as the exit status says.
requires jq
export STATE_DIR="$T/state"

scene() {
	"$B/subscribers" add ann -c stdout -t x -b 3
	"$B/subscribers" invite -b 1 | jq -r .id >older
}

act() {
	victim subscribers "$B/subscribers" invite -b 5 -n 3
	victim_ends
	sed '$!b; /}$/!d' subscribers.out | jq -r .id | sort >printed
}

recover() {
	"$B/subscribers" invites >listed
	jq -r 'select(.balance == 5 and .state == "open").id' listed | sort >made
}

verify() {
	only_lines_of made printed
	case $ended_status:$(wc -l <made) in
	0:3) same made printed ;;
	# A sync or the printing that failed, or the power: they may be there.
	*:0 | *:3) [ "$ended_status" -ne 0 ] || fail 'done, it said' ;;
	*) fail "status $ended_status, and $(cat listed)" ;;
	esac
	is 'the older one' "$(cat older)" "$(jq -r 'select(.balance == 1).id' listed)"
	is 'balance' 3 "$("$B/subscribers" show ann | jq .balance)"
}
