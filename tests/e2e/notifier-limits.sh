#!/bin/sh
# notifier's limits to Telegram: messages a second in all, to a chat, to a
# group, at the end of the input too (F34); texts that are too long, in numbered
# parts, one of which is tried again (F33); a text that cannot be parsed, once
# more and not for ever (F29).  The stand-in's journal is the witness.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=1:t NOTIFY_LANG=en

# Eleven chats, 5 a second in all: the input has ended, and all are sent.
for id in 1 2 3 4 5 6 7 8 9 10 11; do
	"$B/subscribers" add "s$id" -c telegram -t "$id" -b 9
done
signal 1 1 OPEN | TELEGRAM_RATE=5 "$B/notifier" -l >all.out 2>all.log || fail "exit $?"
[ "$(sent | wc -l)" -eq 11 ] || fail "$(sent | wc -l) messages were sent, not 11"
at_least 2000 11 '.'
# One after the other, 200 ms apart, they would take 800.
[ "$(spans 5 '.')" -lt 700 ] || fail "five messages waited for $(spans 5 '.') ms"
[ "$(jq -c 'select(.ok and .attempts == 1)' all.out | wc -l)" -eq 11 ] || fail "to wait counted as an attempt"

# Three messages to a group with two in the time of a chat: one has to wait.
for id in 1 2 3 4 5 6 7 8 9 10 11; do
	"$B/subscribers" remove "s$id"
done
"$B/subscribers" add group -c telegram -t -1007 -b 9
{
	signal 2 2 OPEN
	signal 3 2 INCREASE
	signal 4 2 CLOSE
} >three
TELEGRAM_CHAT_RATE=2 TELEGRAM_GROUP_RATE=20 "$B/notifier" -l <three >group.out 2>group.log || fail "exit $?"
[ "$(tried -1007)" -eq 3 ] || fail "$(tried -1007) messages to the group, not 3"
at_least 1000 3 '-1007'
# A template of 10,000 characters of two units each: five parts, in order; of
# which the third has to be sent again, and no other is.
"$B/subscribers" remove group
"$B/subscribers" add ann -c telegram -t 50 -b 9
mkdir own
{
	printf '[OPEN]\n🔔 Trade #{signal_number} ⚡\n'
	printf '%10000s\n' '' | sed 's/ /🔔/g'
} >own/en.txt
control fault '{"path":"/bot","match":"(3/","status":502}'
signal 5 3 OPEN >in.long
mkfifo in
NOTIFY_TEMPLATES=own spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
cat in.long >&9
signal 6 3 INCREASE >&9
wait_for 15 took 50 6
jq -r 'select(.chat_id == "50" and .delivered) | .text | split("\n")[0]' "$JOURNAL" >heads
printf '%s\n' '(1/5)' '(2/5)' '(3/5)' '(4/5)' '(5/5)' '🔼 Trade #00003 - Position increased' >expect
same expect heads
[ "$(tried 50)" -eq 7 ] || fail "$(tried 50) attempts, not 7"
jq -r 'select(.chat_id == "50" and .delivered) | .text' "$JOURNAL" | tr -d '\n' | grep -qF "$(printf '%2000s' '' | sed 's/ /🔔/g')" ||
    fail "the text was lost"
[ "$(jq -r 'select(.chat_id == "50" and .delivered) | .text' "$JOURNAL" | grep -o '🔔' | wc -l)" -eq 10001 ] || fail "bells were lost, or came twice"
has_line() {
	[ "$(jq -r 'select(.seq == 5) | "\(.ok) \(.attempts)"' notifier.out)" = 'true 2' ]
}
wait_for 5 has_line

# Killed between two parts: it goes on with the next.
control fault '{"path":"/bot","match":"(4/","hang":true}'
sed 's/"seq":5/"seq":7/; s/INCREASE/OPEN/; s/"signal_number":3/"signal_number":4/' in.long >&9
wait_for 10 took 50 9
wait_for 5 was_tried 50 11
kill9 notifier
exec 9>&-
control clear '{}'
before=$(tried 50)
NOTIFY_TEMPLATES=own "$B/notifier" -l </dev/null >rest.out 2>rest.log || fail "exit $?"
[ $(($(tried 50) - before)) -eq 2 ] || fail "$(($(tried 50) - before)) parts after a crash, not 2"

# What Telegram cannot parse goes once more, and then no more (F29).
parse='"status":400,"description":"Bad Request: can'\''t parse entities: Unsupported start tag"'
before=$(tried 50)
control telegram "{\"chat_id\":\"50\",$parse}"
signal 8 5 OPEN | "$B/notifier" -l >parse.out 2>parse.log || fail "exit $?"
[ $(($(tried 50) - before)) -eq 2 ] || fail "$(($(tried 50) - before)) attempts, not 2"
is_true .ok parse.out || fail "it was not delivered: $(cat parse.out)"
control telegram "{\"chat_id\":\"50\",$parse,\"count\":0}"
before=$(tried 50)
signal 9 6 OPEN | "$B/notifier" -l >parse.out 2>parse.log || fail "exit $?"
[ $(($(tried 50) - before)) -eq 2 ] || fail "$(($(tried 50) - before)) attempts, not 2"
is_true '.ok | not' parse.out || fail "it was delivered"
