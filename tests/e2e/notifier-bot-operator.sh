#!/bin/sh
# What the operator says to the bot: status, halt, resume; who is the operator,
# and who is not; what comes too late; a halt that trader would not start with.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/bot.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=4242:SecretToken TELEGRAM_COMMANDS=true NOTIFY_LANG=en TZ=UTC
mkfifo in
# begin: notifier, which forgets how much was asked.
begin() {
	spawn notifier sh -c 'exec "$1" -l <in 9>&-' sh "$B/notifier"
}
export OPERATOR_CHAT=900
begin
exec 9>in
halt_why() {
	jq -r '"\(.who): \(.why)"' state/halt
}

# In private: the user whose chat OPERATOR_CHAT is.
says 900 '/status' '✅ Trading is not halted.||notifier: runs||No alarms.'
says 900 '/resume' '✅ Trading is not halted.'
says 900 '/halt  the news:\n\"rates\" \u0007 {who} <b>*_' '⛔ Trading is halted: no new entries. Open positions are still protected and closed.'
[ "$(halt_why)" = 'telegram 900: the news: "rates"   {who} <b>*_' ] || fail "the halt: $(halt_why)"
"$top/scripts/status" -d state >status || :
has status 'HALTED: the news:.*telegram 900' || fail "scripts/status: $(cat status)"
ask 900 '/halt once more' >got
grep -qE '^⛔ Trading is halted\|telegram 900\|[0-9:]{8} [0-9.]{10}\|the news: "rates"   \{who\} <b>\*_$' got || fail "a second halt: $(cat got)"
[ "$(halt_why)" = 'telegram 900: the news: "rates"   {who} <b>*_' ] || fail "the halt is another: $(halt_why)"

# trader refuses an entry because of it: the file is the one that it looks for.
[ "$("$top/scripts/halt" -d state x | cut -c 1-14)" = 'halted already' ] || fail 'scripts/halt knows nothing of it'

# To resume takes the code of this very halt.
ask 900 '/resume' >got
code=$(grep -oE '/resume [0-9a-f]{8}$' got) || fail "no code: $(cat got)"
ask 900 '/resume 00000000' | grep -qF "$code" || fail 'a wrong code is not answered with the right one'
[ -e state/halt ] || fail 'a wrong code resumed'
"$top/scripts/resume" -d state >/dev/null
"$top/scripts/halt" -d state another >/dev/null
ask 900 "$code" >got
[ -e state/halt ] || fail "the code of another halt resumed: $(cat got)"
code=$(grep -oE '/resume [0-9a-f]{8}$' got) || fail "no code: $(cat got)"
says 900 "$code" '✅ Trading is resumed.'
[ ! -e state/halt ] || fail 'it is halted still'
says 900 "$code" '✅ Trading is not halted.'

# A file that somebody touched halts, too.
: >state/halt
code=$(ask 900 '/resume' | grep -oE '/resume [0-9a-f]{8}$') || fail 'no code'
says 900 "$code" '✅ Trading is resumed.'

# Too late: an hour to halt, five minutes to resume.
ask 900 /halt ',"age":3700' | grep -q '^The command came too late and was not carried out: ' || fail 'an old /halt'
[ ! -e state/halt ] || fail 'an old /halt was carried out'
says 900 '/halt' '⛔ Trading is halted: no new entries. Open positions are still protected and closed.' ',"age":3500'
code=$(ask 900 '/resume' | grep -oE '/resume [0-9a-f]{8}$') || fail 'no code'
ask 900 "$code" ',"age":400' | grep -q '^The command came too late' || fail 'an old /resume'
[ -e state/halt ] || fail 'an old /resume was carried out'
says 900 "$code" '✅ Trading is resumed.' ',"age":200'

# Others cannot: neither a stranger, nor a subscriber, nor in a group.
"$B/subscribers" add ann -c telegram -t 5 -b 1 -l en
says 6 '/halt' 'This bot writes to subscribers only. If you have a code, send: /start CODE'
ask 5 '/halt' | grep -q '^/status — your subscription' || fail 'what a subscriber is told'
tell 900 /halt ',"chat":-100,"type":"group"'
tell 6 /halt ',"chat":900,"type":"group"'
says 900 '/help' 'For the operator:|/status — programs and alarms|/halt WHY — stop trading|/resume — resume trading (after a confirmation)'
[ ! -e state/halt ] || fail "somebody halted: $(halt_why)"

# Never limited: the twentieth in a row is heard.
for i in 1 2 3 4 5 6 7 8 9 10; do tell 900 /resume; done
says 900 '/halt at last' '⛔ Trading is halted: no new entries. Open positions are still protected and closed.' ||:
[ "$(halt_why)" = 'telegram 900: at last' ] || fail 'it was not heard'
"$top/scripts/resume" -d state >/dev/null

# In a group nobody is the operator until they are named; then they are, there
# and in private, and others are not.
stop notifier
export OPERATOR_CHAT=-100
begin
tell 900 /halt ',"chat":-100,"type":"group"'
ask 900 '/halt' | grep -q '^This bot writes to subscribers only' || fail 'nobody is named, and somebody may halt'
[ ! -e state/halt ] || fail "somebody halted: $(halt_why)"
stop notifier
export TELEGRAM_OPERATORS=7,901
begin
tell 900 /halt ',"chat":-100,"type":"group"'
tell 901 /halt@other_bot ',"chat":-100,"type":"group"'
tell 901 /halt ',"chat":-200,"type":"group"'
ask 900 '/halt' | grep -q '^This bot writes to subscribers only' || fail 'who is not named may halt'
[ ! -e state/halt ] || fail "somebody halted: $(halt_why)"
n=$(answers -100 | wc -l)
tell 901 '/halt@stand_in_bot in the group' ',"chat":-100,"type":"group"'
wait_for 5 answered -100 $((n + 1))
[ "$(halt_why)" = 'telegram 901: in the group' ] || fail 'who is named cannot halt in the group'
tell 7 '/stop' ',"chat":-100,"type":"group"'
code=$(ask 7 '/resume' | grep -oE '/resume [0-9a-f]{8}$') || fail 'no code'
says 7 "$code" '✅ Trading is resumed.'

# Programs and alarms, in the other language.
stop notifier
export NOTIFY_LANG=ru OPERATOR_CHAT=901
snap 1 "$(row BTCUSDT Buy 1 1)" | "$B/differ" >/dev/null 2>&1 || fail 'differ'
spawn risker "$B/risker" -i unix:risker.sock
wait_for 5 test -e state/risker.mdb
begin
wait_for 5 has risker.log ready
control telegram '{"chat_id":"5","status":403,"description":"Forbidden: bot was blocked by the user"}'
signal 1 1 OPEN >&9
# The alarm itself is sent to the operator, too.
told() {
	answers 901 | grep -q 'Тревога: subscriber ann'
}
wait_for 10 told
says 901 /status '✅ Торговля не остановлена.||notifier: работает|differ: завершён|risker: работает||🚨 Активные тревоги: 1|notifier: subscriber ann gets nothing any more: HTTP 403: Forbidden: bot was blocked by the user'
kill9 risker
says 901 /status '✅ Торговля не остановлена.||notifier: работает|differ: завершён|🚨 risker: НЕ РАБОТАЕТ||🚨 Активные тревоги: 1|notifier: subscriber ann gets nothing any more: HTTP 403: Forbidden: bot was blocked by the user'
# A state that cannot be read is none without alarms.
mv state/risker.mdb whole.mdb
head -c 5000 whole.mdb >state/risker.mdb
unread() {
	answers 901 | grep -q 'Тревога: state_unread risker'
}
wait_for 20 unread
ask 901 /status | grep -q '🚨 Активные тревоги: 2|.*notifier: the state of risker cannot be read, nor its alarms: .*cut short' ||
    fail "a state that cannot be read: $(answers 901 | tail -n 1)"
exec 9>&-
ended notifier 0
no_secret ./*.log ./*.out
