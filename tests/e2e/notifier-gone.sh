#!/bin/sh
# F30: three chats beside a good one: the bot is blocked, the chat is gone, the
# group became a supergroup.  The first two are tried once, parked, credited
# and told to the operator, once each; the third is followed once, and stored,
# so that a restart asks the old one no more; one that moves in a circle ends.
# Who comes back is resumed.  The stand-in's journal is the witness.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=1:t OPERATOR_CHAT=77 NOTIFY_LANG=en
for chat in 1 2 -3 -5 4; do
	"$B/subscribers" add "s${chat#-}" -c telegram -t "$chat" -b 9
done
# says CHAT STATUS DESCRIPTION MEMBERS
says() {
	control telegram "{\"chat_id\":\"$1\",\"status\":$2,\"description\":\"$3\"$4,\"count\":0}"
}
says 1 403 'Forbidden: bot was blocked by the user' ''
says 2 400 'Bad Request: chat not found' ''
says -3 400 'Bad Request: group chat was upgraded to a supergroup chat' ',"migrate_to_chat_id":-1003'
says -5 400 'Bad Request: group chat was upgraded to a supergroup chat' ',"migrate_to_chat_id":-1005'
says -1005 400 'Bad Request: group chat was upgraded to a supergroup chat' ',"migrate_to_chat_id":-5'

# run: with the lines on standard input, and what is due.
run() {
	"$B/notifier" -l >>notifier.out 2>>notifier.log || fail "notifier ended with $?"
}
signal 1 1 OPEN | run
{
	signal 2 1 INCREASE
	signal 3 2 OPEN
} | run
for chat in 1 2 -3; do
	[ "$(tried "$chat")" -eq 1 ] || fail "chat $chat was tried $(tried "$chat") times"
done
for id in s1 s2; do
	"$B/subscribers" show "$id" | is_true '.active == false and .balance == 9' ||
	    fail "$id: $("$B/subscribers" show "$id")"
	[ "$(sent 77 | grep -c "🚨 Alarm: subscriber $id\$")" -eq 1 ] || fail "the operator was told: $(sent 77)"
done
[ "$(sent 77 | grep -c 'Alarm: subscriber')" -eq 2 ] || fail "the operator was told: $(sent 77)"
printf '%s\n' '🔔 Trade #00001 ⚡' '🔼 Trade #00001 - Position increased' '🔔 Trade #00002 ⚡' >expect
for chat in 4 -1003; do
	sent "$chat" | sed 's/^[^ ]* //' | same expect -
done
[ "$("$B/subscribers" show s3 | jq -r '"\(.address) \(.active) \(.balance)"')" = '-1003 true 7' ] ||
    fail "s3: $("$B/subscribers" show s3)"
# In a circle: each OPEN goes to two addresses, and then no further.
[ $(($(tried -5) + $(tried -1005))) -eq 4 ] || fail "the circle was tried $(tried -5) and $(tried -1005) times"
[ "$(balance s5)" -eq 9 ] || fail "s5 paid for what it did not get"

# Unblocked, and resumed: the next trade, and nothing of those before.
control clear '{}'
"$B/subscribers" resume s1
{
	signal 4 1 CLOSE
	signal 5 3 OPEN
} | run
[ "$(sent 1)" = '1 🔔 Trade #00003 ⚡' ] || fail "chat 1 got $(sent 1)"
[ "$(tried 2)" -eq 1 ] || fail "chat 2 was tried again"
alarm 'subscriber s1' false || fail "the alarm for s1 is still open"
