#!/bin/sh
# How much people may ask: a user, guesses of codes, strangers all together;
# what is over is ignored without an answer, and nothing of it is left in the
# state.  Answers keep the limits of messages, and a poll that hangs delays no
# message.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/bot.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=1:t TELEGRAM_COMMANDS=true NOTIFY_LANG=en
"$B/subscribers" add ann -c telegram -t 5 -b 7 -l en
# told FIRST LAST: each of these users, all at once, says /balance.
told() {
	i=$1
	while [ "$i" -le "$2" ]; do
		tell "$i" /balance
		i=$((i + 1))
	done
}
begin() {
	spawn notifier "$B/notifier" -l -i unix:in.sock
}

# One user is answered ten times at once; the eleventh waits for its minute.
i=0
while [ "$i" -lt 14 ]; do
	tell 5 /balance
	i=$((i + 1))
done
begin
wait_for 15 offset_is 15
[ "$(answers 5 | wc -l)" -eq 10 ] || fail "one user got $(answers 5 | wc -l) answers, not 10"
stop notifier

# Five guesses; the sixth is not looked at, right as it may be. Other commands
# go on.
code=$(invite -b 3)
for guess in a b c d e; do
	tell 66 "/start $guess"
done
tell 66 "/start $code"
tell 66 /balance
begin
wait_for 15 offset_is 22
answers 66 | uniq -c | sed 's/^ *//' >got
printf '%s\n' '5 This code cannot be used.' '1 This bot writes to subscribers only. If you have a code, send: /start CODE' >expect
same expect got
[ "$("$B/subscribers" list | wc -l)" -eq 1 ] || fail 'a guess too many was taken'
stop notifier

# Strangers, each with one message: thirty are answered, the rest are not; who
# is known by id is answered all the same.
before=$(wc -c <state/notifier.mdb)
"$B/subscribers" add tg400 -c telegram -t 400 -b 7 -l en
told 200 299
tell 400 /balance
begin
wait_for 15 offset_is 123
[ "$(answers 400)" = 'Balance: 7' ] || fail "who is known was told '$(answers 400)'"
told=$(jq -r 'select(.delivered and (.chat_id | tonumber) >= 200 and (.chat_id | tonumber) < 300) | .chat_id' "$JOURNAL" | wc -l)
[ "$told" -ge 30 ] && [ "$told" -le 33 ] || fail "$told strangers were answered, not 30"
[ "$("$B/subscribers" list | wc -l)" -eq 2 ] || fail 'strangers are in the list'
[ "$(table invites | wc -l) $(table bot | wc -l) $(table alarms | grep -c '"open":true')" = '1 1 0' ] || fail 'strangers left something'
[ "$(wc -c <state/notifier.mdb)" -le $((before + 65536)) ] || fail "the state grew from $before to $(wc -c <state/notifier.mdb) bytes"

# Guesses of all: thirty, with five strangers each at the most.
stop notifier
for user in 301 302 303 304 305 306 307; do
	for guess in a b c d e; do
		tell "$user" "/start $guess"
	done
done
begin
wait_for 15 offset_is 158
told=$(jq -r 'select(.delivered and .text == "This code cannot be used." and (.chat_id | tonumber) > 300) | .chat_id' "$JOURNAL" | wc -l)
[ "$told" -ge 30 ] && [ "$told" -le 32 ] || fail "$told guesses were answered, not 30"
stop notifier

# Answers keep the limits: three to a chat with one a second, and an OPEN among
# them; the poll is under way meanwhile, and delays nothing.
for what in /balance /help /balance; do
	tell 5 "$what"
done
mkfifo in
TELEGRAM_RATE=30 TELEGRAM_CHAT_RATE=1 TELEGRAM_GROUP_RATE=20 spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
wait_for 10 answered 5 13
took_ms=$(jq -r 'select(.delivered and .chat_id == "5") | .time' "$JOURNAL" | tail -n 3 |
    jq -Rn '[inputs | (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber)] | .[2] - .[0]')
[ "$took_ms" -ge 1500 ] || fail "three answers to one chat within $took_ms ms"
wait_for 5 offset_is 161
polls=$(polls)
signal 1 1 OPEN >&9
wait_for 3 has notifier.log 'number=1 action=OPEN.*notified=2'
opened() {
	[ "$(sent 400 | grep -c 'Trade #00001')" -eq 1 ]
}
wait_for 3 opened
[ "$(polls)" -eq "$polls" ] || fail 'the poll was over: it shows nothing'
exec 9>&-
ended notifier 0
