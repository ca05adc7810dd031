#!/bin/sh
# How notifier ends: at the end of its input after what is due, leaving later
# retries in the state; at SIGTERM after what is on the wire; 74 with a closed
# standard output, with nothing lost (F92); 78 for what must be set otherwise.
# A reader that reads nothing does not hold Telegram up (F101).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export NOTIFY_LANG=en
# ends STATUS WORDS COMMAND...: and standard error has the words.
ends() {
	ends_with=$1 ends_words=$2
	shift 2
	status=0
	"$@" </dev/null >ends.out 2>ends.log || status=$?
	[ "$status" -eq "$ends_with" ] || fail "$*: exit $status, not $ends_with"
	[ -z "$ends_words" ] || has ends.log "$ends_words" || fail "$*: does not say '$ends_words'"
}

# Settings.
ends 0 '' "$B/notifier" -n
ends 78 'OPERATOR_CHAT=7 needs TELEGRAM_BOT_TOKEN' env OPERATOR_CHAT=7 "$B/notifier" -n
ends 78 'NOTIFY_LANG=de.*" exit=78' env NOTIFY_LANG=de "$B/notifier" -n
ends 64 'usage' "$B/notifier" -x
ends 64 'not expected' "$B/notifier" operand
"$B/subscribers" add ann -c telegram -t 5 -b 9
ends 78 "TELEGRAM_BOT_TOKEN.*'ann'" "$B/notifier"
ends 78 "TELEGRAM_BOT_TOKEN.*'ann'" "$B/notifier" -n
export TELEGRAM_BOT_TOKEN=1:t
ends 0 '' "$B/notifier" -n
ends 0 drained "$B/notifier" -l

# The end of the input: a retry that is not due stays, with exit 0.
control telegram '{"chat_id":"5","status":429,"description":"later","retry_after":3}'
signal 1 1 OPEN | timeout 10 "$B/notifier" -l >end.out 2>end.log || fail "exit $?"
[ "$(table pending | wc -l)" -eq 1 ] && [ ! -s end.out ] || fail "a retry did not stay"
# Not before its time, and not for the price of another.
"$B/notifier" -l </dev/null 2>>end.log || fail "exit $?"
[ "$(tried 5)" -eq 1 ] || fail "a restart forgot the wait"
sleep 3
"$B/notifier" -l </dev/null >end.out 2>>end.log || fail "exit $?"
[ "$(sent 5 | wc -l)" -eq 1 ] && [ "$(balance ann)" -eq 8 ] || fail "it did not go out in its time"

# SIGTERM with a message on the wire: that is settled, the next one waits.
control fault '{"path":"/bot","delay_ms":3000}'
mkfifo in
spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
{
	signal 2 1 INCREASE
	signal 3 1 CLOSE
} >&9
under_way() { [ "$(table pending | wc -l)" -eq 2 ]; }
wait_for 5 under_way
wait_for 5 has "$JOURNAL" '"fault":"delay"'
stop notifier
exec 9>&-
[ "$(table pending | wc -l)" -eq 1 ] || fail "$(table pending | wc -l) wait after SIGTERM, not 1"
[ "$(jq -c 'select(.seq == 2 and .ok)' notifier.out | wc -l)" -eq 1 ] || fail "what was on the wire was not settled"
"$B/notifier" -l </dev/null >/dev/null 2>>end.log
[ "$(sent 5 | wc -l)" -eq 3 ] || fail "$(sent 5 | wc -l) messages, not 3"

# Nobody reads what it writes: 74, and what was not said is in the state.
signal 4 2 OPEN >line
{ status=0; "$B/notifier" -l <line 2>pipe.log || status=$?; echo "$status" >status; } | true
case $(cat status) in
74) has pipe.log 'unable to write' || fail "74 without words" ;;
0) ;;
*) fail "a closed standard output led to exit $(cat status)" ;;
esac
"$B/notifier" -l <line >/dev/null 2>>end.log || fail "exit $?"
[ "$(sent 5 | grep -c '🔔 Trade #00002')" -ge 1 ] || fail "the message was lost"

# A reader that does not read: Telegram goes on, and the reader gets all of it.
"$B/subscribers" add bob -c stdout -t x -b 900
"$B/subscribers" credit ann +900 >/dev/null
mkfifo slow
n=5
while [ "$n" -le 504 ]; do
	signal "$n" "$n" OPEN
	n=$((n + 1))
done >many
"$B/notifier" -l <many >slow 2>slow.log &
slow=$!
exec 8<slow
wait_for 20 took 5 504
cat <&8 >slow.out
exec 8<&-
wait "$slow" || fail "exit $? behind a slow reader"
[ "$(heads slow.out | wc -l)" -eq 500 ] || fail "the slow reader got $(heads slow.out | wc -l) of 500 messages"
[ "$(jq -r 'select(.text) | .seq' slow.out | uniq | wc -l)" -eq 500 ] || fail "not in order, or twice"
