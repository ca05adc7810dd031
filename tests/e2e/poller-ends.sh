#!/bin/sh
# How poller starts, waits and ends: F27 and F85 (an exchange that never
# answers), F92 (a closed output), F97 and F102's sibling (an output that nobody
# reads), F99 (an exchange that is away), F104 (descriptors), one kept
# connection, a grid that does not drift.
. "$(dirname "$0")/../lib.sh"
requires jq curl

exchange
control limits '{"per_ip":0}'
export SIGNAL_POLL_INTERVAL=0.2 ALLOWED_SYMBOLS=BTCUSDT
fds() {
	ls "/proc/$(pid_of "$1")/fd" | wc -l
}

# One connection for all; as many descriptors after 50 cycles as after five.
# 40 cycles of 0.2 s take 8 s: none is late because of the ones before, but for
# what a busy machine makes late, which some are not.
spawn poller "$B/poller"
wait_for 10 has poller.out heartbeat 5
before=$(fds poller)
wait_for 30 has poller.out heartbeat 50
[ "$(fds poller)" -eq "$before" ] || fail "$before descriptors became $(fds poller)"
connections=$(jq .connection "$JOURNAL" | sort -u | wc -l)
[ "$connections" -eq 1 ] || fail "$connections connections"
drift() {
	jq -n '[inputs | select(.type == "heartbeat").time | (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber)] as $t |
	    [range(9; ($t | length) - 40) as $i | $t[$i + 40] - $t[$i] - 8000 | fabs] | min' poller.out
}
on_time() { [ "$(drift)" -le 150 ]; }
wait_for 40 on_time
stop poller

# F99, F86: the exchange goes away and comes back at the same address.
port=${URL##*:}
spawn away "$B/poller"
wait_for 10 has away.out '"ok":true'
kill9 exchange
wait_for 20 has away.out '"ok":false' 3
[ "$(grep -c retrying away.log)" -eq 1 ] || fail "$(grep -c retrying away.log) log lines for one state"
good=$(grep -c '"ok":true' away.out)
spawn exchange "$B/exchange" -l "127.0.0.1:$port" -j "$JOURNAL"
wait_for 20 has away.out '"ok":true' $((good + 1))
grep -q 'can be read again' away.log || fail "no line in the log for the recovery"
control limits '{"per_ip":0}'

# F27, F85: it hangs.  A heartbeat says so; SIGTERM does not wait for it.
control fault '{"path":"/v5/position/list","count":0,"hang":true}'
failed=$(grep -c '"ok":false' away.out)
wait_for 30 has away.out '"ok":false' $((failed + 1))
sleep 1.5 # in the next call, which hangs too
start=$(date +%s%N)
stop away
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -lt 5000 ] || fail "SIGTERM took $took ms"
control clear '{}'
control limits '{"per_ip":0}'

# F92: nobody reads any more: exit 74, and no death by signal.
status=0
{
	"$B/poller" 2>closed.log || echo "$?" >closed.status
} | head -n 1 >closed.out
wait_for 10 test -s closed.status
[ "$(cat closed.status)" -eq 74 ] || fail "a closed output: exit $(cat closed.status)"
grep -q 'unable to write' closed.log || fail "a closed output: $(tail -n 1 closed.log)"

# An output that nobody empties stops the looks, not the program.
mkfifo pipe
sleep 250 <>pipe &
sleeper=$!
"$B/poller" >pipe 2>full.log &
full=$!
wait_for 30 has full.log 'skipping looks'
before=$(wc -l <"$JOURNAL")
sleep 1
[ "$(wc -l <"$JOURNAL")" -eq "$before" ] || fail "it looks though nothing can be written"
# All of it comes once somebody reads, each line whole.
cat pipe >full.out &
reader=$!
wait_for 10 has full.log 'looking again'
kill -TERM "$full"
status=0
wait "$full" || status=$?
kill "$sleeper"
wait "$reader" || :
[ "$status" -eq 0 ] || fail "exit $status after a full output"
[ -s full.out ] && jq -c .type full.out >/dev/null || fail "a line was broken"

# Usage.
status=0
"$B/poller" -i - 2>usage.log || status=$?
[ "$status" -eq 64 ] || fail "-i: exit $status"
stop exchange
