#!/bin/sh
# F72 (the map is full) and F73 (the disk is full): a commit that fails is
# tried again, nothing is read or announced meanwhile; when there is room it
# goes on where it was, and nothing is lost or said twice.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/differ.sh"

# F72: a map of 1 MiB holds some of 3000 positions' trades, not all.
many() {
	printf '{"type":"positions","time":"2025-01-01T00:%02d:00.000Z","account":"main","category":"linear","settle_coin":"USDT","positions":[' "$1"
	awk -v from="$2" -v n="$3" 'BEGIN { for (i = 0; i < n; i++) printf "%s{\"positionIdx\":0,\"symbol\":\"A%06dUSDT\",\"side\":\"Buy\",\"size\":\"1\",\"avgPrice\":\"1\",\"seq\":1}", i ? "," : "", from + i }'
	printf ']}\n'
}
mkfifo in
spawn small sh -c "STATE_MAP_SIZE=1M exec '$B/differ' -d small <in"
exec 4>in
many 1 0 10 >&4
wait_for 10 has "$T/small.out" '"seq":10,'
many 2 0 3000 >&4
wait_for 20 has "$T/small.log" 'level=error.*unable to commit'
many 3 0 10 >&4
sleep 0.5
[ "$(wc -l <small.out)" -eq 10 ] || fail 'F72: something was announced that is not stored'
[ "$(grep -c 'unable to commit' small.log)" -eq 1 ] || fail 'F72: more than a line for one change of state'
[ "$(events small | wc -l)" -eq 10 ] || fail 'F72: half a batch was stored'
kill -TERM "$(pid_of small)"
ended small 74
exec 4>&-
# More room, and the same lines again: all is there, once.
{ many 2 0 3000; many 3 0 3000; } | STATE_MAP_SIZE=64M "$B/differ" -d small >after.out 2>after.log ||
    fail 'F72: it does not go on with a larger map'
events small | sed 's/.*"seq":\([0-9]*\),.*/\1/' >seqs
seq 3000 >expected
same expected seqs

# F73: a disk of 3 MiB, filled up while differ runs.
small_disk 3
mkfifo in2
spawn disk sh -c "STATE_MAP_SIZE=64M exec '$B/differ' -d disk/state <in2"
exec 5>in2
many 1 0 10 >&5
wait_for 10 has "$T/disk.out" '"seq":10,'
fill_disk
many 2 0 400 >&5
wait_for 20 has "$T/disk.log" 'level=error.*unable to commit'
sleep 0.3
[ "$(wc -l <disk.out)" -eq 10 ] || fail 'F73: something was announced that is not stored'
rm disk/filler
wait_for 20 has "$T/disk.out" '"seq":400,'
has "$T/disk.log" 'committed again' || fail 'F73: that it goes on is not said'
exec 5>&-
ended disk 0
events disk/state >journal
same journal disk.out
[ "$(wc -l <journal)" -eq 400 ] || fail 'F73: the journal has a gap'
