#!/bin/sh
# People become subscribers by themselves: from `subscribers invite` to an OPEN
# that is delivered; every command of a subscriber, in both languages; who is
# one already under another id; groups, other bots, forwarded words.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/bot.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=4242:SecretToken TELEGRAM_COMMANDS=true NOTIFY_LANG=en LOG_LEVEL=DEBUG
mkfifo in
begin() {
	spawn notifier sh -c 'exec "$1" -l <in 9>&-' sh "$B/notifier"
}
# rested: a restart, which forgets how much somebody has asked (it is limited).
rested() {
	stop notifier
	begin
}
begin
exec 9>in
wait_for 5 has notifier.log 'taking commands.*bot=stand_in_bot'

# The link has the bot's name by now.
"$B/subscribers" invite -b 2 -l en >made
code=$(jq -r .code made)
[ "$(jq -r .link made)" = "https://t.me/stand_in_bot?start=$code" ] || fail "the link: $(cat made)"

# A stranger, before and with the code.
stranger='This bot writes to subscribers only. If you have a code, send: /start CODE'
says 12345 '/start' "$stranger"
says 12345 'hello' "$stranger"
says 12345 '/balance' "$stranger"
says 12345 '/halt' "$stranger"
says 12345 "/start ${code}x" 'This code cannot be used.'
says 12345 "/start $code" '✅ Welcome! You are subscribed.|Balance: 2||/help — what this bot can do'
"$B/subscribers" list >got
echo '{"id":"tg12345","channel":"telegram","address":"12345","balance":2,"lang":"en","active":true,"tester":false}' | same /dev/stdin got
id=$(jq -r .id made)
table ledger | jq -c '[.subscriber, .change, .balance, .why, .note]' >got
echo "[\"tg12345\",2,2,\"invite\",\"$id\"]" | same /dev/stdin got
"$B/subscribers" invites | jq -r '"\(.id) \(.state) \(.subscriber)"' >got
echo "$id used tg12345" | same /dev/stdin got
"$B/subscribers" revoke "$id" 2>err.log && fail 'a used invite was revoked'
has err.log "was used by 'tg12345'" || fail "$(cat err.log)"

# What it is for.
signal 1 1 OPEN >&9
wait_for 5 took 12345 7
sent 12345 | grep -qx '12345 🔔 Trade #00001 ⚡' || fail "the OPEN was not delivered: $(sent 12345)"
says 12345 '/balance' 'Balance: 1'
says 12345 '/status' '✅ Your subscription is active|Balance: 1|Language: English|Open trades: 1|#00001 LONG BTC/USDT'

# A code is for one person, once: theirs again is no new one, another's is none.
says 12345 "/start $code" '✅ Your subscription is active.|Balance: 1'
says 77 "/start $code" 'This code cannot be used.'
says 12345 "/start $(invite -b 5)" '✅ Code accepted: +5|Balance: 6'

rested
# Paused: an OPEN goes past them and costs nothing; what they follow comes back
# with /start.
says 12345 '/stop' '⏸ Your subscription is paused: no messages, and your balance stays.|/start resumes it.'
says 12345 '/status' '⏸ Your subscription is paused|Balance: 6|Language: English|Open trades: 1|#00001 LONG BTC/USDT'
signal 2 2 OPEN >&9
wait_for 5 has notifier.log 'number=2 action=OPEN.*notified=0'
says 12345 '/start@Stand_In_Bot' '✅ Your subscription is active.|Balance: 6'
signal 3 1 CLOSE >&9
wait_for 5 has notifier.log 'number=1 action=CLOSE.*notified=1'
says 12345 '/status' '✅ Your subscription is active|Balance: 6|Language: English|Open trades: 0'

# The language.
rested
says 12345 '/lang ru' 'Язык: русский'
says 12345 '/lang' 'Отправьте /lang ru или /lang en'
says 12345 '/LANG  de x' 'Отправьте /lang ru или /lang en'
says 12345 '/balance' 'Баланс: 6'
says 12345 '/status' '✅ Подписка активна|Баланс: 6|Язык: русский|Открытые сделки: 0'
rested
says 12345 '/stop' '⏸ Подписка приостановлена: сообщений не будет, баланс остаётся.|/start включит её снова.'
says 12345 '/start' '✅ Подписка активна.|Баланс: 6'
says 12345 'что?' '/status — подписка и открытые сделки|/balance — баланс|/start КОД — пополнить кодом|/stop — приостановить|/start — возобновить|/lang ru или /lang en — язык'
says 12345 '/lang en' 'Language: English'
says 12345 '/help' '/status — your subscription and open trades|/balance — your balance|/start CODE — top it up with a code|/stop — pause|/start — resume|/lang ru or /lang en — the language'

# Who is a subscriber already, under another id; and one that is in nobody's
# private chat.
"$B/subscribers" add ann -c telegram -t 500 -b 7 -l en
"$B/subscribers" add ann2 -c telegram -t 5001 -b 9
"$B/subscribers" add hook -c stdout -t '"channel":"telegram","address":"501"' -b 9
says 500 '/balance' 'Balance: 7'
says 500 "/start $(invite -b 3)" '✅ Code accepted: +3|Balance: 10'
[ "$(who ann .balance) $(who ann2 .balance)" = '10 9' ] || fail "ann has $(who ann .balance), ann2 $(who ann2 .balance)"
says 501 '/balance' "$stranger"

# A code from before it expires, revoked, expired.
"$B/subscribers" invite >made
"$B/subscribers" revoke "$(jq -r .id made)"
says 600 "/start $(jq -r .code made)" 'This code cannot be used.'

# What the operator paused stays so, until they say otherwise.
"$B/subscribers" pause tg12345
says 12345 '/start' '⏸ The operator has paused your subscription, and only they can resume it.|Balance: 6'
[ "$(who tg12345 .active)" = false ] || fail 'who was paused by the operator is active again'
"$B/subscribers" resume tg12345

# Neither in groups nor for others: no answer, no effect; and the next one is
# answered.
told=$(jq -c 'select(.delivered)' "$JOURNAL" | wc -l)
tell 12345 /stop ',"chat":-100,"type":"group"'
tell 12345 /stop ',"chat":-100,"type":"supergroup"'
tell 12345 /stop@other_bot
tell 600 "/start $(invite)" ',"chat":12345'
control update '{"message":{"from":{"id":12345,"is_bot":true},"chat":{"id":12345,"type":"private"},"date":1,"text":"/stop"}}'
control update '{"message":{"from":{"id":12345,"is_bot":false},"sender_chat":{"id":-5},"chat":{"id":12345,"type":"private"},"date":1,"text":"/stop"}}'
control update '{"message":{"from":{"id":12345,"is_bot":false},"forward_origin":{"type":"user"},"chat":{"id":12345,"type":"private"},"date":1,"text":"/stop"}}'
control update '{"edited_message":{"from":{"id":12345,"is_bot":false},"chat":{"id":12345,"type":"private"},"date":1,"text":"/stop"}}'
control update '{"message":{"from":{"id":12345,"is_bot":false},"chat":{"id":12345,"type":"private"},"date":1,"photo":[]}}'
control update '{"message":{"from":{"id":"12345"},"chat":{"id":12345,"type":"private"},"date":1,"text":"/stop"}}'
control update '{"message":[]}'
says 500 '/balance' 'Balance: 10'
[ "$(jq -c 'select(.delivered)' "$JOURNAL" | wc -l)" -eq $((told + 1)) ] || fail "somebody was answered: $(tail -n 4 "$JOURNAL")"
[ "$(who tg12345 .active)" = true ] || fail 'tg12345 was paused'
[ "$("$B/subscribers" list | wc -l)" -eq 4 ] || fail "subscribers: $("$B/subscribers" list)"

rested
# Who blocked the bot and comes back.
control telegram '{"chat_id":"12345","status":403,"description":"Forbidden: bot was blocked by the user"}'
signal 4 3 OPEN >&9
wait_for 5 alarm 'subscriber tg12345' true
[ "$(who tg12345 .active)" = false ] || fail 'who blocked the bot is active'
says 12345 '/start' '✅ Your subscription is active.|Balance: 6'
alarm 'subscriber tg12345' false || fail 'the alarm is open still'

exec 9>&-
ended notifier 0
no_secret ./*.log ./*.out state/notifier.mdb
! grep -aqF "$code" notifier.log state/notifier.mdb || fail 'a code stands in the log, or in the state'
