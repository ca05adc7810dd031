#!/bin/sh
# What can go wrong with polls: an error page, an answer that is none or is cut
# off, a reset, an outage, somebody else who polls, a token that is refused, an
# answer that cannot be sent.  Messages go out all the while, and the token is
# in no log.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/bot.sh"
requires jq curl

# Without a token there is nothing to ask.
status=0
TELEGRAM_COMMANDS=true "$B/notifier" -n 2>setting.log || status=$?
[ "$status" -eq 78 ] && has setting.log 'TELEGRAM_COMMANDS=true needs TELEGRAM_BOT_TOKEN' ||
    fail "without a token: exit $status, $(cat setting.log)"

exchange
export TELEGRAM_BOT_TOKEN=4242:SecretToken NOTIFY_LANG=en LOG_LEVEL=DEBUG
# Nothing is asked unless it is wanted.
"$B/subscribers" add ann -c telegram -t 5 -b 9 -l en
signal 1 1 OPEN | "$B/notifier" -l >off.out 2>off.log || fail "exit $?"
! has "$JOURNAL" 'getMe\|getUpdates' || fail 'there was a poll without TELEGRAM_COMMANDS'

export TELEGRAM_COMMANDS=true
path="\"path\":\"/bot$TELEGRAM_BOT_TOKEN/getUpdates\""
mkfifo in
spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
says 5 /balance 'Balance: 8'
# after FAULT: it hits a poll; the next command is answered all the same.
n=0
after() {
	control fault "{$path,$1}"
	tell 5 /balance
	n=$((n + 1))
	wait_for 8 answered 5 $((n + 1))
}
for fault in '"status":502,"body":"<html>bad gateway"' '"body":"{\"ok\":true,\"result\":7}"' \
    '"body":"{\"ok\":true,\"result\":[{\"message\":{}}]}"' '"body":"{\"ok\":true,\"resu"' '"reset":"before"'; do
	after "$fault"
done
[ "$(grep -c 'unable to take commands' notifier.log)" -ge 4 ] || fail "the log: $(grep -c 'unable to take' notifier.log)"
has notifier.log 'commands are taken again' 2 || fail 'the log does not tell of the end'
! alarm telegram_commands true || fail 'an alarm for what passed'

# What is too long to be read at once is read in pieces.
control fault "{$path,\"match\":\"\\\"limit\\\":100\",\"count\":0,\"body\":\"{\\\"ok\\\":tr\"}"
tell 5 /balance
n=$((n + 1))
wait_for 8 answered 5 $((n + 1))
control clear '{}'

# An answer that cannot be sent is tried again, and one that is refused is not.
control telegram '{"chat_id":"5","status":502,"description":"Bad Gateway"}'
after '"delay_ms":1'
control telegram '{"chat_id":"6","status":403,"description":"Forbidden: bot was blocked by the user"}'
tell 6 /start
wait_for 5 was_tried 6 1

# Somebody else polls: an alarm, and messages go out as ever.
control fault "{$path,\"status\":409,\"count\":0,\"body\":\"{\\\"ok\\\":false,\\\"error_code\\\":409,\\\"description\\\":\\\"Conflict: can't use getUpdates method while webhook is active\\\"}\"}"
tell 5 /help
wait_for 8 alarm telegram_commands true
before=$(polls)
signal 2 1 INCREASE >&9
increased() {
	[ "$(sent 5 | grep -c 'Position increased')" -eq 1 ]
}
wait_for 5 increased
[ "$(polls)" -le $((before + 1)) ] || fail "it asks and asks: $(polls) polls after $before"
control clear '{}'
tell 5 /balance
wait_for 20 alarm telegram_commands false

# Nobody is there: it waits, and goes on by itself.
stop exchange
sleep 0.5
signal 3 1 CLOSE >&9
spawn exchange "$B/exchange" -l "${URL#http://}" -j "$JOURNAL.2" 9>&-
wait_for 10 has exchange.out '"listening"'
JOURNAL=$JOURNAL.2
tell 5 /status ',"update_id":1000'
wait_for 20 answered 5 1
closed() {
	[ "$(sent 5 | grep -c '🔚 Trade #00001')" -eq 1 ]
}
wait_for 20 closed
exec 9>&-
ended notifier 0

# A token that is refused.
control fault "{\"path\":\"/bot$TELEGRAM_BOT_TOKEN/getMe\",\"status\":401,\"count\":0,\"body\":\"{\\\"ok\\\":false,\\\"error_code\\\":401,\\\"description\\\":\\\"Unauthorized\\\"}\"}"
spawn notifier "$B/notifier" -l -i unix:in.sock
refused() {
	table alarms | grep -q '"telegram_commands","open":true.*refuses TELEGRAM_BOT_TOKEN'
}
wait_for 8 refused
[ "$(grep -c getMe "$JOURNAL")" -eq 1 ] || fail 'it asks and asks'
stop notifier
no_secret ./*.log ./*.out state/notifier.mdb
