#!/bin/sh
# Two of one stage on one state: the second is refused, also while the first
# is stopped, and with every lock file removed (F15).  Sizes of the map that
# differ are refused (F78).
. "$(dirname "$0")/../lib.sh"

refused() {
	got=0
	"$@" </dev/null >out 2>err || got=$?
	[ "$got" -ne 0 ] || fail "a second instance ran: $*"
}

mkfifo in
# Its standard input stays open while we hold it.
spawn first sh -c 'exec "$0" -d state <in' "$B/differ"
exec 9>in
running() {
	has state/differ.lock "^pid $(pid_of first)\$"
}
wait_for 10 running
pid=$(pid_of first)

refused "$B/differ" -d state
grep -q "held by pid $pid" err || fail "the message does not name $pid: $(cat err)"
kill -STOP "$pid"
refused "$B/differ" -d state
grep -q "held by pid $pid" err || fail "stopped: $(cat err)"
kill -CONT "$pid"

# A reader that has the state open keeps the size from being changed.
spawn reader "$B/statecat" -d state -f health 9>&-
wait_for 5 has reader.out differ
exec 9>&-
ended first 0
got=0
STATE_MAP_SIZE=64M "$B/differ" -d state </dev/null >out 2>err || got=$?
[ "$got" -eq 78 ] || fail "another map size gave $got: $(cat err)"
grep -q 'STATE_MAP_SIZE' err || fail "another map size: $(cat err)"
stop reader
STATE_MAP_SIZE=64M "$B/differ" -d state </dev/null 2>err || fail "alone: $(cat err)"
"$B/differ" -d state </dev/null 2>err || fail "back again: $(cat err)"

# Lock files that somebody removed.
spawn first sh -c 'exec "$0" -d state <in' "$B/differ"
exec 9>in
wait_for 10 running
rm state/differ.lock
refused "$B/differ" -d state
grep -q 'held by another process' err || fail "lock removed: $(cat err)"
exec 9>&-
ended first 0
