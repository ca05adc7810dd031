#!/bin/sh
# F31, K4, K13, K14: notifier killed inside a transaction, with deliveries
# committed and nothing sent, and with messages sent and not recorded.  The
# next start sends what is not settled: at least once, in order, charged once.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/e2e/notifier-signals.sh"
requires jq curl
K=$B/kill/notifier
[ "${V:-}" != asan ] || K=$B/notifier
[ -x "$K" ] || skip "no program with kill points: make V=kill"

export TELEGRAM_BOT_TOKEN=1:t NOTIFY_LANG=en
{
	signal 1 1 OPEN
	signal 2 1 INCREASE
	signal 3 1 CLOSE
} >lines
printf '%s\n' '5 🔔 Trade #00001 ⚡' '5 🔼 Trade #00001 - Position increased' '5 🔚 Trade #00001 ⚡' >expect

# The first commit is that of the start.
for point in K4:1 K4:2 K4:3 K13:1 K13:2 K14:1 K14:2 K14:3; do
	rm -rf state
	exchange
	"$B/subscribers" add ann -c telegram -t 5 -b 3
	SLUICE_KILL=$point "$K" -l <lines >first.out 2>first.log && fail "$point did not kill it"
	for _ in 1 2; do
		"$B/notifier" -l <lines >second.out 2>second.log || fail "$point: the next start failed"
	done
	sent >got
	uniq got >once
	same expect once
	case $point in
	K14*) [ "$(wc -l <got)" -eq 4 ] || fail "$point: $(wc -l <got) messages" ;;
	*) same expect got ;;
	esac
	[ "$(balance ann)" -eq 2 ] || fail "$point: the balance is $(balance ann)"
	[ "$(table pending | wc -l)" -eq 0 ] || fail "$point: something is pending"
	[ "$(table deliveries | grep -c '"delivered"')" -eq 3 ] || fail "$point: not all is delivered"
	stop exchange
	rm -f "$JOURNAL"
done

# The commands of others are not held up by one that is stopped outside of a
# transaction, and say so if it is inside (F75).
rm -rf state
"$B/subscribers" add ann -c stdout -t x -b 3
SLUICE_KILL=K4:2:stop "$K" -l <lines >stopped.out 2>stopped.log &
stopped=$!
sleep 0.5
timeout 3 "$B/subscribers" list >/dev/null || fail "reading waits for a stopped writer"
status=0
timeout 20 "$B/subscribers" credit ann +1 2>busy.log || status=$?
kill -CONT "$stopped"
wait "$stopped" || fail "notifier did not go on"
[ "$status" -eq 75 ] && has busy.log "$stopped" || fail "beside a stopped writer credit ended with $status"
