#!/bin/sh
# F72 (the map is full) and F73 (the disk is full): a commit that fails is tried
# again, nothing is read or decided meanwhile; when there is room risker goes on
# where it was, and each alert has one decision, which it got to see.
. "$(dirname "$0")/../lib.sh"
requires jq

# closes FROM N: alerts, some 400 bytes of state each.
closes() {
	awk -v from="$1" -v n="$2" 'BEGIN { for (i = from; i < from + n; i++) printf "{\"type\":\"alert\",\"id\":\"%032d\",\"time\":\"2026-11-21T10:30:00.000Z\",\"action\":\"close\",\"symbol\":\"BTCUSDT\"}\n", i }'
}
decisions() {
	"$B/statecat" -d "$1" risker/decisions 2>>statecat.log
}

# F72: a map of 1 MiB.
mkfifo in
spawn small sh -c "STATE_MAP_SIZE=1M exec '$B/risker' -d small <in"
exec 4>in
closes 1 10 >&4
wait_for 10 has "$T/small.out" '"type":"order"' 10
# More than the pipe holds: whoever writes has to wait.
closes 11 5000 >&4 2>/dev/null &
writer=$!
wait_for 20 has "$T/small.log" 'level=error.*unable to commit'
sleep 0.5
decided=$(decisions small | wc -l)
[ "$decided" -lt 5010 ] || fail 'F72: the map is not full'
decisions small | sort >stored
sort small.out | cmp -s - stored || fail 'F72: what was written is not what is stored'
[ "$(grep -c 'unable to commit' small.log)" -eq 1 ] || fail 'F72: more than a line for one change of state'
kill -TERM "$(pid_of small)"
ended small 74
exec 4>&-
kill "$writer" 2>/dev/null || :
wait "$writer" || :
# More room, and all of it again.
closes 1 5010 | STATE_MAP_SIZE=64M "$B/risker" -d small >after.out 2>after.log ||
    fail 'F72: it does not go on with a larger map'
decisions small >stored
same stored after.out
[ "$(jq -r .id stored | sort -u | wc -l)" -eq 5010 ] || fail 'F72: an alert is missing'

# F73: a disk of 3 MiB, filled up while risker runs.
small_disk 3
mkfifo in2
spawn disk sh -c "STATE_MAP_SIZE=64M exec '$B/risker' -d disk/state <in2"
exec 5>in2
closes 1 10 >&5
wait_for 10 has "$T/disk.out" '"type":"order"' 10
fill_disk
closes 11 400 >&5
wait_for 20 has "$T/disk.log" 'level=error.*unable to commit'
sleep 0.3
[ "$(wc -l <disk.out)" -lt 410 ] || fail 'F73: something was written that is not stored'
rm disk/filler
wait_for 20 has "$T/disk.out" '"type":"order"' 410
has "$T/disk.log" 'committed again' || fail 'F73: that it goes on is not said'
exec 5>&-
ended disk 0
decisions disk/state >stored
same stored disk.out
