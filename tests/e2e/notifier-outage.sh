#!/bin/sh
# F34 on the wire: Telegram refuses connections while thousands of deliveries
# wait.  Lines are taken as fast as before, one message is tried now and then,
# the alarm is opened once; killed and started again it goes on with the outage.
# Then all get all of it: in order, nobody twice, within the limit of a second,
# paid once; and the token is in no log or state (F35).  Tables of the state say what was tried, the stand-in's journal
# what came.
#
# Not tested: hours of it, an OPEN that is too old (unit/test-outage,
# e2e/subscribers-ledger).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=4242:SecretToken NOTIFY_LANG=en TELEGRAM_RATE=600
many=1000
jq -nc "range(1; $many + 1) | {id: \"s\\(.)\", channel: \"telegram\", address: \"\\(.)\", balance: 9}" |
    "$B/subscribers" import 2>/dev/null
stop exchange
mkfifo in
begin() {
	spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
	exec 9>in
}
pending() { [ "$(table pending | wc -l)" -eq "$1" ]; }
# tries: how often anything was tried, for all that the state knows.
tries() {
	table deliveries | jq -s 'map(.attempts) | add'
}

begin
signal 1 1 OPEN >&9
wait_for 10 pending "$many"
signal 2 1 INCREASE >&9
wait_for 10 has notifier.log 'unable to deliver, retrying'
# More lines than a pipe holds, of a trade that nobody has.
n=3
while [ "$n" -le 1002 ]; do
	signal "$n" 7 CLOSE
	n=$((n + 1))
done >others
signal 1003 1 CLOSE >>others
timeout 10 cat others >&9 || fail "the input is not read while Telegram is down"
wait_for 10 pending $((3 * many))
wait_for 20 alarm 'unreachable telegram' true
first=$(tries)

# Thirty may be under way when it begins; then one after 1, 2, 4, 8 s.
[ "$first" -le 40 ] || fail "$first were tried during an outage of some 10 s"
kill9 notifier
exec 9>&-
begin
tried_again() { [ "$(tries)" -gt "$first" ]; }
wait_for 10 tried_again
[ $(($(tries) - first)) -le 6 ] || fail "$(($(tries) - first)) were tried at the start"
pending $((3 * many)) || fail "$(table pending | wc -l) deliveries wait, not $((3 * many))"
no_secret ./*.log ./*.out state/notifier.mdb

# Over.
spawn exchange "$B/exchange" -l "${URL#http://}" -j "$JOURNAL.2" 9>&-
wait_for 10 has exchange.out '"listening"'
JOURNAL=$JOURNAL.2
wait_for 60 pending 0
wait_for 5 alarm 'unreachable telegram' false
exec 9>&-
ended notifier 0
[ "$(grep -c 'nothing has got through to telegram' notifier.log)" -eq 1 ] || fail "the outage was not told once"
[ "$(grep -c 'messages get through to telegram' notifier.log)" -eq 1 ] || fail "its end was not told once"

sent | sort -s -n -k 1,1 >got
n=1
while [ "$n" -le "$many" ]; do
	printf "$n %s\n" '🔔 Trade #00001 ⚡' '🔼 Trade #00001 - Position increased' '🔚 Trade #00001 ⚡'
	n=$((n + 1))
done >expect
same expect got
# Those that are under way when a second is full may arrive in the next.
at_least 4000 2431 '.'
table deliveries | is_true -s "length == 3 * $many and all(.[]; .state == \"delivered\")" || fail "not all is delivered"
"$B/subscribers" list | is_true -s "length == $many and all(.[]; .balance == 8)" || fail "somebody did not pay once"
