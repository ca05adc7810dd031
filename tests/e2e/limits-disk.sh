#!/bin/sh
# F73, for each program with a state: its folder is read-only, or its disk is
# full, before the start, under way, and not any more.  Nothing is said that is
# not stored, and nothing that was given is lost.  Logs and lines on a full disk.
#
# Not tested: a file system that is mounted read-only while its state is open,
# which Linux refuses; a full map (differ-full, risker-full, unit tests).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/limits.sh"
exchange
control limits '{"per_ip":0,"per_second":1000}'
plain_user

# refused PROGRAM STATUS WORDS: it cannot start, and says why.
refused() {
	begin "$1"
	ended "$1" "$2"
	has "$1.log" "level=error.*$3" || fail "$1 does not say '$3'"
}

# A log that cannot be written stops nobody (F102); lines that cannot be are
# told, and the state has them.
for program in $programs; do
	begin "$program" sh -c 'exec "$@" 2>/dev/full' sh
	ready "$program"
	work "$program"
	stop "$program"
done
for program in poller differ risker trader; do
	case $program in
	poller) line= ;;
	differ) line='{"type":"positions","time":"2099-01-01T00:00:00.000Z","account":"main","category":"linear","settle_coin":"USDT","positions":[{"positionIdx":0,"symbol":"FULLUSDT","side":"Buy","size":"1","avgPrice":"100","seq":1}],"closed_pnl":[]}' ;;
	risker) line='{"type":"alert","id":"ffffffffffffffffffffffffffffffff","time":"2026-11-21T10:30:00.000Z","action":"close","symbol":"BTCUSDT"}' ;;
	trader) line=$(cat order) ;;
	esac
	status=0
	echo "$line" | STATE_DIR=$program/state timeout 20 $PLAIN "$B/$program" >/dev/full 2>full.log || status=$?
	[ "$status" -eq 74 ] && has full.log 'level=error.*unable to write: No space left' || fail "$program >/dev/full ended with $status: $(cat full.log)"
done

# A folder that one may not write to.
for program in $stateful; do
	rm -rf "$program/state"
	$PLAIN mkdir -m 500 "$program/state"
	[ "$program" = notifier ] || refused "$program" 74 "unable to .*$program/state/.*Permission denied"
	chmod 700 "$program/state"
	begin "$program"
	ready "$program"
	work "$program"
	stop "$program"
	$PLAIN chmod 400 "$program/state/$program.mdb"
	refused "$program" 74 "unable to open $program/state/$program.mdb: Permission denied"
done

[ "$(id -u)" -eq 0 ] || skip 'not root: no file system of its own to fill'
mkdir probe
mount_tmpfs probe size=1m 2>/dev/null || skip 'no tmpfs can be mounted here'
umount probe

for program in $stateful; do
	rm -rf "$program/state"
	mkdir "$program/state"
	mount_tmpfs "$program/state" size=3m,uid=65534,gid=65534,mode=700
	begin "$program"
	ready "$program"
	work "$program"
	stop "$program"
	mount -o remount,ro "$program/state"
	refused "$program" 74 'Read-only file system'
	mount -o remount,rw "$program/state"
	begin "$program"
	ready "$program"
	work "$program"
done

fill() {
	dd if=/dev/zero of="$1/state/filler" bs=4096 count=10000 2>/dev/null || :
}
for program in differ notifier risker trader; do
	first=$((works + 1))
	# Decisions are on the disk of trader's state, so they come before.
	kill -STOP "$(pid_of "$program")"
	[ "$program" = trader ] || fill "$program"
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do give "$program"; done
	[ "$program" != trader ] || fill "$program"
	last=$works
	kill -CONT "$(pid_of "$program")"
	wait_for 15 has "$program.log" 'level=error.*make room on that disk'
	sleep 0.5
	! worked "$program" || fail "$program said what it cannot have stored"
	rm "$program/state/filler"
	wait_for 20 worked "$program"
	for works in $(seq "$first" "$last"); do
		worked "$program" || fail "$program has lost $works of $first to $last"
	done
	stop "$program"
done
stop webhookd

for program in $stateful; do
	fill "$program"
	refused "$program" 74 'make room on that disk'
	rm "$program/state/filler"
	begin "$program"
	ready "$program"
	work "$program"
	stop "$program"
	umount "$program/state"
done
