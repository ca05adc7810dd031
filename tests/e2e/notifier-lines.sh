#!/bin/sh
# notifier behind a filter: `jq | notifier -l` takes the lines alone, writes
# what a subscriber reads as NDJSON, in the language of each, and a line that
# comes again changes nothing, also after a restart.  What is no signal is
# skipped; half a line at the end is exit 65 (F93).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq

"$B/subscribers" add boris -c stdout -t boris -b 5
"$B/subscribers" add ann -c stdout -t ann -b 5 -l en
{
	signal 1 1 OPEN
	signal 2 2 OPEN
	signal 3 1 PARTIAL_CLOSE
	signal 4 1 CLOSE
	signal 5 2 CLOSE
} >lines
jq -c 'select(.signal_number == 1)' lines | "$B/notifier" -l >out 2>notifier.log ||
    fail "notifier ended with $?"
jq -r 'select(.subscriber == "boris") | .text + "\n"' out | sed 's/^⏱ .*/⏱ TIME/' >boris
cat >boris.expect <<'END'
🔔 Сделка №00001 ⚡

📈 LONG BTC/USDT
Цена входа: 45000.0
Размер позиции: 1.0
Плечо: 10x

⏱ TIME

🔄 Сделка №00001 - Частичное закрытие

📈 LONG BTC/USDT
Закрыто: 50.0%
Осталось: 1.0
Частичная прибыль: +250.5 USDT

🔚 Сделка №00001 ⚡

📈 LONG BTC/USDT
Цена выхода: 47000.0
Размер позиции: 1.0
Плечо: 10x
💰 Прибыль: +4.44%
Прибыль: +500.0 USDT

⏱ TIME

END
same boris.expect boris
jq -r 'select(.subscriber == "ann") | .text | split("\n")[0]' out >ann
printf '%s\n' '🔔 Trade #00001 ⚡' '🔄 Trade #00001 - Partial close' '🔚 Trade #00001 ⚡' >ann.expect
same ann.expect ann
is_true -s 'length == 6 and all(.[]; .type == "delivery" and .channel == "stdout" and .ok and .attempts == 1)' out ||
    fail "a line is not what it should be: $(cat out)"

# The same lines again: seq 1, 3 and 4 were taken, and 2 lies before them.
"$B/notifier" -l <lines >again 2>>notifier.log || fail "notifier ended with $?"
[ "$(balance boris)" = 4 ] || fail "boris paid for $((5 - $(balance boris))) trades, not for 1"
[ ! -s again ] || fail "what was announced was announced again"

# In one zone of one's own: Moscow is three hours ahead.
signal 6 3 OPEN | TZ=MSK-3 "$B/notifier" -l >msk 2>>notifier.log
hour=$(TZ=MSK-3 date -d "@$began" +%H:%M:%S)
jq -r .text msk | grep -q "⏱ $hour " || fail "the time is not $hour"

# Garbage between good lines; an unknown type is nothing to speak of.
{
	echo '{"type":"heartbeat","ok":true}'
	echo 'no JSON'
	echo '{"type":"signal","action":"OPEN"}'
	signal 7 4 OPEN
} | "$B/notifier" -l >good 2>skips.log || fail "notifier ended with $?"
[ "$(heads good | wc -l)" -eq 2 ] || fail "the good line between bad ones was not announced"
has skips.log 'skipping a line.*line 2' && has skips.log 'skipping a line.*line 3' ||
    fail "the bad lines are not named"
[ "$(grep -c 'skipping a line' skips.log)" -eq 2 ] || fail "more than the bad lines were skipped"

# A whole object without a newline counts; half of one does not.
signal 8 5 OPEN | tr -d '\n' | "$B/notifier" -l >whole 2>>notifier.log || fail "notifier ended with $?"
[ "$(heads whole | wc -l)" -eq 2 ] || fail "the last line was not taken"
status=0
{
	signal 9 6 OPEN
	printf '{"type":"signal","seq":10'
} | "$B/notifier" -l >half 2>>notifier.log || status=$?
[ "$status" -eq 65 ] || fail "half a line led to exit $status"
[ "$(heads half | wc -l)" -eq 2 ] || fail "what stood before half a line was not announced"

# An old OPEN is announced to nobody, nor is what follows.
{
	age=601 signal 11 7 OPEN
	signal 12 7 CLOSE
	signal 13 8 OPEN ',"initial":true'
} | "$B/notifier" -l >old 2>old.log || fail "notifier ended with $?"
[ ! -s old ] || fail "old trades were announced"
has old.log 'old signals.*signals=1' || fail "the log does not say so"

# Testers alone, marked, free.
"$B/subscribers" add tess -c stdout -t tess -T
signal 14 9 OPEN ',"test":true' | "$B/notifier" -l >tested 2>>notifier.log || fail "notifier ended with $?"
[ "$(heads tested)" = '🧪 TEST' ] || fail "the test signal was announced as: $(cat tested)"
