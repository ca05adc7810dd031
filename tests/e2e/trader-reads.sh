#!/bin/sh
# A read of a state that fails is not the answer that nothing is there: trader's
# identity is not made anew, and what the first look at the decisions could not
# tell is perhaps sent all the same (F03): Bybit is asked, nothing goes out twice.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
[ "${V:-}" != asan ] && ! ldd "$B/trader" | grep -q libasan || skip 'a sanitizer stands where this library would'
exchange
control limits '{"per_second":1000,"per_ip":0}'
"$B/decide" -d "$S" </dev/null
export BYBIT_RECV_WINDOW=1000

# bad READ: the next start has that one read that fails.
bad() {
	start CONFINE=false LD_PRELOAD="$B/badread.so" BADREAD="$1"
}
# refused STATUS READ: … and ends with that status.
refused() {
	spawn trader timeout 10 env CONFINE=false LD_PRELOAD="$B/badread.so" BADREAD="$2" "$B/trader" -d "$S" -i "unix:$T/trader.sock"
	ended trader "$1"
	tail -n 1 trader.log | grep -q 'Input/output error' || fail "$2: the reason is not said"
}

start
stop trader
refused 74 'get 1 main'

# One that stands at Bybit, and of which the last run could store nothing; what
# fails is the look at the decision, at whether it equals, at the own rows.  The
# first look tells whether a new state was lost: without it there is no start.
n=0
for read in 'get 2' 'get 3' 'scan 1'; do
	n=$((n + 1))
	start
	entry "$n" | decide
	wait_for 10 is_state "$n" protected
	kill9 trader
	rm "$S/trader.mdb" "$S/trader.mdb-lock"
	[ "$n" -gt 1 ] || refused 75 "get 1 $(id "$n")"
	bad "$read $(id "$n")"
	wait_for 20 is_state "$n" protected
	wait_for 5 has_lately 'all decisions can be read'
	is "$read: requests" 1 "$(sent "$n")"
	exit_of "$((100 + n))" | decide
	wait_for 10 is_state "$((100 + n))" closed
	wait_for 10 is_state "$n" closed
	stop trader
done

# One that cannot be read for long is an alarm.
alarm() {
	"$B/statecat" -d "$S" trader/alarms | jq -c --argjson o "$1" 'select(.alarm == "decisions" and .open == $o)' | grep -q .
}
bad "get 0 $(id 1)"
wait_for 10 alarm true
stop trader
start
wait_for 10 alarm false
stop trader
