#!/bin/sh
# notifier and what Telegram may do: 429 for one chat (F28), blocked, gone and
# moved chats (F30), an answer that does not come (F31), an error page, an
# outage and what comes after it (F32, F34), and nowhere the token (F35).  The
# stand-in's journal is the witness.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=4242:SecretToken LOG_LEVEL=DEBUG NOTIFY_LANG=en
for id in 1 2 3 4 5; do
	"$B/subscribers" add "s$id" -c telegram -t "$id" -b 9
done
mkfifo in
spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
open='🔔 Trade #0000'
more='🔼 Trade #0000'

# What it is like on the wire, and in a process list.
signal 1 1 OPEN >&9
wait_for 5 took 5 1
sent | sort >all
for id in 1 2 3 4 5; do echo "$id ${open}1 ⚡"; done >expect
same expect all
tr '\0' '\n' <"/proc/$(pid_of notifier)/cmdline" >cmdline
no_secret cmdline

# 429: that chat waits as told, the others do not, and the order is kept.
control telegram '{"chat_id":"1","status":429,"description":"Too Many Requests: retry after 2","retry_after":2}'
since=$(date +%s%N)
signal 2 1 INCREASE >&9
signal 3 1 CLOSE >&9
wait_for 10 took 2 3
wait_for 10 took 1 3
sent | grep -n '^2 ' | tail -n 1 >last
sent | grep -n '^1 .*increased' >waited
[ "$(cut -d : -f 1 last)" -lt "$(cut -d : -f 1 waited)" ] || fail "chat 2 waited for chat 1: $(cat last waited)"
[ $((($(date +%s%N) - since) / 1000000)) -ge 2000 ] || fail "chat 1 did not wait for two seconds"
[ "$(tried 1)" -eq 4 ] || fail "chat 1 was tried $(tried 1) times"
printf '1 %s\n' "${open}1 ⚡" "${more}1 - Position increased" '🔚 Trade #00001 ⚡' >expect
sent 1 >one
same expect one

# Blocked, not found, moved.
control telegram '{"chat_id":"2","status":403,"description":"Forbidden: bot was blocked by the user","count":0}'
control telegram '{"chat_id":"3","status":400,"description":"Bad Request: chat not found","count":0}'
control telegram '{"chat_id":"4","status":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","migrate_to_chat_id":-1004,"count":0}'
signal 4 2 OPEN >&9
signal 5 2 INCREASE >&9
wait_for 5 took -1004 2
wait_for 5 took 5 5
for id in 2 3; do
	"$B/subscribers" show "s$id" | is_true '.active == false and .balance == 8' ||
	    fail "s$id: $("$B/subscribers" show "s$id")"
	alarm "subscriber s$id" true || fail "there is no alarm for s$id"
	[ "$(tried "$id")" -eq 4 ] || fail "chat $id was tried $(tried "$id") times"
done
[ "$("$B/subscribers" show s4 | jq -r .address)" = -1004 ] || fail "s4 was not moved"

# Delivered, and no answer: once more, and not a third time.
control clear '{}'
control fault '{"path":"/bot","match":"\"chat_id\":5,","reset":"after"}'
signal 6 2 CLOSE >&9
wait_for 5 took 5 7
sleep 1.3
[ "$(sent 5 | grep -c '🔚 Trade #00002')" -eq 2 ] || fail "an answer that was lost led to $(sent 5 | wc -l) messages"

# An error page, once for each way: tried again.
control fault '{"path":"/bot","match":"\"chat_id\":1,","status":502,"body":"<html>bad gateway"}'
control fault '{"path":"/bot","match":"\"chat_id\":5,","status":403,"body":"<html>forbidden"}'
signal 7 3 OPEN >&9
wait_for 5 took 1 7
wait_for 5 took 5 8
"$B/subscribers" show s5 | is_true .active || fail "an error page made s5 inactive"

# Nobody is there: everything waits, in order, and then goes out.
stop exchange
signal 8 3 INCREASE >&9
signal 9 3 CLOSE >&9
wait_for 5 has notifier.log 'unable to deliver, retrying'
all_wait() { [ "$(table pending | wc -l)" -eq 6 ]; }
wait_for 5 all_wait
spawn exchange "$B/exchange" -l "${URL#http://}" -j "$JOURNAL.2" 9>&-
wait_for 10 has exchange.out '"listening"'
JOURNAL=$JOURNAL.2
for chat in 1 5 -1004; do
	wait_for 15 took "$chat" 2
	printf '%s\n' "$chat ${more}3 - Position increased" "$chat 🔚 Trade #00003 ⚡" >expect
	sent "$chat" >got
	same expect got
done
exec 9>&-
ended notifier 0
[ "$(table pending | wc -l)" -eq 0 ] || fail "something is pending still"
[ "$(jq -c 'select(.ok)' notifier.out | wc -l)" -eq "$(table deliveries | grep -c '"delivered"')" ] ||
    fail "lines and state do not agree"

# A token that is refused, whatever the path of the error: it is in no log.
control telegram '{"status":401,"description":"Unauthorized","count":0}'
signal 10 4 OPEN | "$B/notifier" -l >refused.out 2>refused.log || fail "notifier ended with $?"
has refused.log 'TELEGRAM_BOT_TOKEN' || fail "the log does not name the setting"
[ "$(table pending | wc -l)" -eq 3 ] || fail "a bad token failed a delivery"
sleep 1.5
signal 11 4 CLOSE | TELEGRAM_API_URL=http://127.0.0.1:1/x "$B/notifier" -l >none.out 2>none.log || fail "notifier ended with $?"
has none.log 'retrying.*bot\*\*\*' || fail "the log does not tell of the failed connection"
no_secret ./*.log ./*.out cmdline state/notifier.mdb
