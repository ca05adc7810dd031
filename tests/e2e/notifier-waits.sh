#!/bin/sh
# F28: how long a 429 asks to wait: 3 s, ten minutes, 10072 s, nothing, no time at
# all; to one chat after the other.  It is waited as told, also over a kill, nobody
# else waits, and no chat is asked all the time.  Then all are told to: none is
# asked before.  The stand-in's journal is the witness.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=1:t NOTIFY_LANG=en
mkfifo in
begin() {
	spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
	exec 9>in
}
# busy CHAT COUNT PARAMETERS: it is answered 429 so often; 0: always.
busy() {
	busy_body=$(jq -nc --argjson p "$3" '{ok: false, error_code: 429, description: "Too Many Requests", parameters: $p} | tojson')
	control fault "{\"path\":\"/bot\",\"match\":\"\\\"chat_id\\\":$1,\",\"status\":429,\"count\":$2,\"body\":$busy_body}"
}
begin

# One after the other, with good chats between: three in a row would be all.
n=0
for wait in 3 600 10072 null 0; do
	n=$((n + 1))
	"$B/subscribers" add "good$n" -c telegram -t "9$n" -b 9
	"$B/subscribers" add "s$n" -c telegram -t "$n" -b 9
	[ "$wait" = 0 ] && count=0 || count=1
	[ "$wait" = null ] && parameters='{}' || parameters="{\"retry_after\":$wait}"
	busy "$n" "$count" "$parameters"
	since=$(date +%s%N)
	signal "$n" "$n" OPEN >&9
	wait_for 5 was_tried "$n" 1
	wait_for 5 took "9$n" 1
	[ "$n" -ne 1 ] || {
		wait_for 10 took 1 1
		[ $((($(date +%s%N) - since) / 1000000)) -ge 3000 ] || fail "chat 1 did not wait for 3 s"
	}
done
wait_for 10 took 1 5
[ "$(tried 1)" -eq 6 ] || fail "chat 1 was tried $(tried 1) times"
wait_for 10 took 4 2
[ "$(tried 4)" -eq 3 ] || fail "chat 4 was tried $(tried 4) times"
# After 1, 2, 4 s and not at each turn.
sleep 1
[ "$(tried 5)" -le 6 ] || fail "a wait of no time: chat 5 was tried $(tried 5) times"
wait_for 5 was_tried 5 2

# Killed: what was told is told.
kill9 notifier
exec 9>&-
begin
wait_for 10 took 91 5
sleep 0.5
for n in 2 3; do
	[ "$(tried "$n")" -eq 1 ] || fail "chat $n was tried $(tried "$n") times"
	table deliveries | jq -r "select(.subscriber == \"s$n\" and .state == \"pending\") | .attempts" >attempts
	[ "$(head -n 1 attempts)" -eq 1 ] || fail "chat $n: $(cat attempts) attempts"
done

# All: thirty at the most are under way when it begins, then none, then one.
# A message that gets through first, so that chat 5 is none of the three.
control clear '{}'
"$B/subscribers" remove s5
signal 6 6 OPEN >&9
wait_for 5 took 91 6
n=200
while [ "$n" -lt 300 ]; do
	echo "{\"id\":\"m$n\",\"channel\":\"telegram\",\"address\":\"$n\",\"balance\":9}"
	n=$((n + 1))
done | "$B/subscribers" import 2>/dev/null
before=$(wc -l <"$JOURNAL")
control telegram '{"status":429,"description":"Too Many Requests: retry after 3","retry_after":3,"count":0}'
signal 7 7 OPEN >&9
asked() { [ $(($(wc -l <"$JOURNAL") - before)) -ge "$1" ]; }
wait_for 5 asked 3
sleep 1.5
asked 35 && fail "$(($(wc -l <"$JOURNAL") - before)) were asked while all were told to wait"
control clear '{}'
all() { [ "$(sent | grep -c '^2.. .*#00007')" -eq 100 ]; }
wait_for 15 all
[ "$(sent | grep '^2.. ' | sort | uniq -d | wc -l)" -eq 0 ] || fail "some came twice"
