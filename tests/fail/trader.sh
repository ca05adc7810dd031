# Keeps a state.  An entry that is decided while trader runs as a service, and
# then its close.  What it does not come to while a call of it fails its next
# run does; an entry may be refused instead, but not without a result.
requires jq curl
. "$top/tests/trader.sh"
export BYBIT_RECV_WINDOW=1000
orders='1 2'

scene() {
	exchange
	control limits '{"per_second":1000,"per_ip":0}'
	decide </dev/null
	mkdir -m 700 run
}

ready() {
	[ -S run/trader.sock ] && has trader.log 'msg="ready'
}
# said N: its result was written, by this run or an earlier one.
said() {
	grep -qs "\"type\":\"result\",\"id\":\"$(id "$1")\"" trader.out results
}
# trade SECONDS WAIT: the two, one after the other has its result.
trade() {
	for n in 1 2; do
		if [ ! -e decided.$n ]; then
			[ "$n" -eq 2 ] || entry 1 >decided.1
			[ "$n" -eq 1 ] || exit_of 2 >decided.2
			decide <decided.$n
		fi
		"$2" "$1" said $n
		said $n || return 0
	done
}

act() {
	victim trader "$B/trader" -d "$S" -i unix:run/trader.sock
	lives_on 15 ready
	gone || trade 25 lives_on
	victim_ends TERM
	cat trader.out >>results
	said_is_kept
}
said_is_kept() {
	"$B/statecat" -d "$S" trader/orders >rows 2>/dev/null || :
	for n in $orders; do
		! said $n || grep -q "\"result\":{\"type\":\"result\",\"id\":\"$(id $n)\"" rows ||
		    fail "result $n was said, and is not kept"
	done
}

recover() {
	rm -f run/trader.sock
	mv trader.log first.log
	spawn trader "$B/trader" -d "$S" -i unix:run/trader.sock
	wait_for 10 ready
	# What was said to nobody is asked for: the line comes again.
	for n in 1 2; do
		[ ! -e decided.$n ] || said $n || send run/trader.sock <decided.$n
	done
	trade 20 wait_for
	wait_for 10 final
	stop trader
	cat trader.out >>results
}
final() {
	[ "$("$B/statecat" -d "$S" trader/orders | grep -cE '"state":"(closed|rejected|expired|failed)"')" -eq 2 ]
}

verify() {
	booked=$(grep -c "\"booked\":true.*$(id 1)\|$(id 1).*\"booked\":true" "$JOURNAL") || :
	case $(state 1) in
	closed) is 'orders of the entry' 1 "$booked" ;;
	rejected | expired) is 'orders of a refused entry' 0 "$booked" ;;
	*) fail "the entry: $(state 1)" ;;
	esac
	is 'the close' closed "$(state 2)"
	flat || fail "there stands $(stands)"
	O=$B "$top/tests/oracle" "$JOURNAL" "$S" >&2 || fail 'the oracle has something against it'
}
