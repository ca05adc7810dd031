#!/bin/sh
# F31, K4, K13, K14: notifier killed inside a transaction, with deliveries
# committed and nothing sent, and with messages sent and not recorded.  The
# next start sends what is not settled: at least once, in order, charged once.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl
kill_points notifier

export TELEGRAM_BOT_TOKEN=1:t NOTIFY_LANG=en
{
	signal 1 1 OPEN
	signal 2 1 INCREASE
	signal 3 1 CLOSE
} >lines
printf '%s\n' '5 🔔 Trade #00001 ⚡' '5 🔼 Trade #00001 - Position increased' '5 🔚 Trade #00001 ⚡' >expect

# begin [POINT]: on a fresh state, killed at POINT, which must be reached.
begin() {
	rm -rf state
	exchange
	"$B/subscribers" add ann -c telegram -t 5 -b 3
	killed "$1"
}
killed() {
	status=0
	SLUICE_KILL=$1 "$K/notifier" -l <lines >first.out 2>first.log || status=$?
	[ "$status" -eq 137 ] || fail "$1: ended with $status, not by the signal"
}
# settled POINT MESSAGES: the next start sends the rest, and that after it
# nothing; MESSAGES came in all, each at least once and in order.
settled() {
	for _ in 1 2; do
		"$B/notifier" -l <lines >second.out 2>second.log || fail "$1: the next start failed"
	done
	sent >got
	uniq got >once
	same expect once
	[ "$(wc -l <got)" -eq "$2" ] || fail "$1: $(wc -l <got) messages, not $2"
	[ "$(balance ann)" -eq 2 ] || fail "$1: the balance is $(balance ann)"
	[ "$(table pending | wc -l)" -eq 0 ] || fail "$1: something is pending"
	[ "$(table deliveries | grep -c '"delivered"')" -eq 3 ] || fail "$1: not all is delivered"
	stop exchange
	rm -f "$JOURNAL"
}

# One restart.  The first commit is that of the start.
for point in K4:1 K4:2 K4:3 K13:1 K13:2 K14:1 K14:2 K14:3; do
	begin "$point"
	case $point in
	K14*) settled "$point" 4 ;;
	*) settled "$point" 3 ;;
	esac
done

# Three restarts, with two of which it is killed again: each K14 is a message
# that comes once more, and no other is.
begin K13
killed K13
killed K14
settled 'K13, K13, K14' 4
begin K14
killed K14
killed K14
settled 'K14 three times' 6
begin K14
killed K14:2
killed K14:2
settled 'K14 at each message' 6

# Stopped there instead, and let go: each message once.
for point in K13 K14; do
	rm -rf state
	exchange
	"$B/subscribers" add ann -c telegram -t 5 -b 3
	SLUICE_KILL=$point:1:stop spawn notifier sh -c 'exec "$1" -l <lines' sh "$K/notifier"
	wait_for 5 is_stopped notifier
	kill -CONT "$(pid_of notifier)"
	ended notifier 0
	settled "$point, stopped" 3
done

# The commands of others are not held up by one that is stopped outside of a
# transaction, and say so if it is inside (F75).
rm -rf state
"$B/subscribers" add ann -c stdout -t x -b 3
SLUICE_KILL=K4:2:stop spawn notifier sh -c 'exec "$1" -l <lines' sh "$K/notifier"
wait_for 5 is_stopped notifier
timeout 3 "$B/subscribers" list >/dev/null || fail "reading waits for a stopped writer"
status=0
timeout 20 "$B/subscribers" credit ann +1 2>busy.log || status=$?
stopped=$(pid_of notifier)
kill -CONT "$stopped"
ended notifier 0
[ "$status" -eq 75 ] && has busy.log "$stopped" || fail "beside a stopped writer credit ended with $status"
