#!/bin/sh
# F101: three webhooks' hosts, one of which is stopped: the other two and
# Telegram get everything meanwhile, and it gets all of it when it goes on.
# F31: Telegram takes a message and never answers: once the time for that is
# over it goes once more and not a third time; nobody else waits for it, and its
# own order is kept.  The stand-ins' journals are the witness.
#
# Not tested: a host that stays away (unit/test-way, unit/test-outage).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=1:t NOTIFY_LANG=en
for host in one two three; do
	spawn "$host" "$B/exchange" -l 127.0.0.1:0 -j "$T/$host.ndjson"
	wait_for 10 has "$host.out" '"listening"'
	url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$host.out" | head -n 1)
	for id in $(seq 30); do
		echo "{\"id\":\"$host$id\",\"channel\":\"ntfy\",\"address\":\"$url/hook/$id\",\"balance\":9}"
	done
done >roll
"$B/subscribers" import <roll 2>/dev/null || fail "the webhooks were refused"
for id in 1 2; do
	"$B/subscribers" add "s$id" -c telegram -t "$id" -b 9
done
# hooks HOST: what each of its webhooks took, in order.
hooks() {
	jq -r 'select(.delivered) | "\(.path) \(.text | split("\n")[0])"' "$T/$1.ndjson" | sort -s -t / -n -k 3,3
}
for id in $(seq 30); do
	printf "/hook/$id %s\n" '🔔 Trade #00001 ⚡' '🔼 Trade #00001 - Position increased' '🔚 Trade #00001 ⚡'
done >expect
all() { [ "$(hooks "$1" | wc -l)" -ge 90 ]; }

control fault '{"path":"/bot","match":"\"chat_id\":1,","hang":true}'
kill -STOP "$(pid_of two)"
mkfifo in
spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
{
	signal 1 1 OPEN
	signal 2 1 INCREASE
	signal 3 1 CLOSE
} >&9
for host in one three; do
	wait_for 8 all "$host"
	hooks "$host" | same expect -
done
wait_for 2 took 2 3
[ ! -s two.ndjson ] || fail "the host that is stopped is not"
[ "$(tried 1)" -eq 1 ] || fail "chat 1 was tried $(tried 1) times before it was too late for an answer"
kill -CONT "$(pid_of two)"
wait_for 8 all two
hooks two | same expect -

wait_for 30 took 1 4
exec 9>&-
ended notifier 0
printf '1 %s\n' '🔔 Trade #00001 ⚡' '🔔 Trade #00001 ⚡' '🔼 Trade #00001 - Position increased' '🔚 Trade #00001 ⚡' >expect
sent 1 | same expect -
[ "$(table deliveries | jq -c 'select(.attempts != 1)' | wc -l)" -eq 1 ] || fail "others were tried again, too"
[ "$(balance s1)" -eq 8 ] || fail "s1 paid $((9 - $(balance s1)))"
