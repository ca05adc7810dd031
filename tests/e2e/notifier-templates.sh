#!/bin/sh
# notifier's templates: the operator's own, broken ones that refuse the start,
# and words that would be markup, a mention, another line or another direction,
# on every channel (F29).  The stand-in's journal is the witness.
#
# Not tested: each placeholder and each mistake (unit/test-templates).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl openssl

exchange
export NOTIFY_LANG=en NOTIFY_WEBHOOK_SECRET=the-common-secret TELEGRAM_BOT_TOKEN=123:abc
hook=$URL/hook

# Broken ones: nothing is begun, with -n or without.
mkdir own
refused() {
	for option in -n -l; do
		status=0
		NOTIFY_TEMPLATES=${2:-own} "$B/notifier" $option </dev/null >/dev/null 2>refused.log || status=$?
		[ "$status" -eq 78 ] || fail "$option led to $status, not 78"
		has refused.log "NOTIFY_TEMPLATES=${2:-own}: $1" || fail "the message is another one"
	done
	[ ! -e state ] || fail "a state was begun"
}
refused 'nowhere has neither ru.txt nor en.txt: expected one of them' nowhere
printf '[OPEN]\nNew: {symbol}\n\nat {prise}\n' >own/en.txt
refused "own/en.txt:4: placeholder 'prise' is unknown in section OPEN: expected signal_number, time, symbol, .* or entry_price"
printf '[OPEN]\n{symbol}\n[CLOSED]\nx\n' >own/en.txt
refused "own/en.txt:3: section 'CLOSED' is unknown: expected OPEN, .* or ALARM_OVER"
printf '[OPEN]\nNew: {symbol\n' >own/en.txt
refused "own/en.txt:2: '{' without '}'"

# Own sections, in one language; the rest is built in.
cat >own/en.txt <<'EOF'
# Ours.
[OPEN]
Bought *{symbol}* of {account}
{test?TEST}
for {entry_price}
[CLOSE]
END {pnl_coin} {close_reason}
Trade {signal_number} ends.
EOF
export NOTIFY_TEMPLATES=own
"$B/notifier" -n || fail "templates that are right are refused"
"$B/subscribers" add t -c telegram -t 7 -b 9
"$B/subscribers" add r -c telegram -t 8 -b 9 -l ru
"$B/subscribers" add d -c discord -t "$hook/d" -b 9
"$B/subscribers" add s -c slack -t "$hook/s" -b 9
"$B/subscribers" add n -c ntfy -t "$hook/n" -b 9
"$B/subscribers" add w -c webhook -t "$hook/w" -b 9
"$B/subscribers" add o -c stdout -t - -b 9

# The coin: markup, mentions, a line's end and what would be another message, a
# change of direction (U+202E), a joiner (U+200D), an escape, 4 KiB.
long=$(printf '%4096s' '' | tr ' ' X)
coin=$(jq -nc --arg x "$long" '"<b>&_*[`@everyone<!channel>\n🔔 Trade #00099\u202e\u200d\u001b" + $x')
{
	signal 1 1 OPEN
	signal 2 1 PARTIAL_CLOSE
	signal 3 1 CLOSE ',"close_reason":"a\u2028b"' | jq -c --argjson coin "$coin" '.pnl_coin = $coin'
} >lines
"$B/notifier" -l <lines >out.ndjson 2>notifier.log || fail "notifier ended with $?"

rest=$(printf '%18s' '' | tr ' ' X)…
tail=' 🔔 Trade #00099���'$rest' a�b'
plain='END <b>&_*[`@everyone<!channel>'$tail
open='Bought *BTC/USDT* of main
for 45000.0'
of() { # CHANNEL TEXT: what follows the first two messages of it.
	printf '%s\n' "$open" '🔄 Trade #00001 - Partial close' '' '📈 LONG BTC/USDT' 'Closed: 50.0%' \
	    'Remaining: 1.0' 'Partial profit: +250.5 USDT' "$1" 'Trade 00001 ends.'
}
of "$plain" >expect
jq -r 'select(.chat_id == "7" and .delivered).text' "$JOURNAL" >telegram
same expect telegram
jq -r 'select(.subscriber == "o").text' out.ndjson >stdout
same expect stdout
jq -r 'select(.path == "/hook/n").text' "$JOURNAL" >ntfy
same expect ntfy
jq -r 'select(.path == "/hook/n").title' "$JOURNAL" | tail -n 1 | tr ' ' '\n' |
    sed 's/^=?UTF-8?B?\(.*\)?=$/\1/' | while read -r word; do
	printf %s "$word" | openssl base64 -d -A
done >title
printf %s "$plain" | same - title
# As it is, for a program that reads JSON.
jq -r 'select(.path == "/hook/w").text' "$JOURNAL" | same lines -
of 'END &lt;b&gt;&amp;_*[`@everyone&lt;!channel&gt;'"$tail" >expect
jq -r 'select(.path == "/hook/s").text | fromjson | .text' "$JOURNAL" >slack
same expect slack
of 'END \<b\>&\_\*\[\`\@everyone\<!channel\>'"$tail" | sed 's/^Bought .* of/Bought \\*BTC\/USDT\\* of/' >expect
jq -r 'select(.path == "/hook/d").text | fromjson | .content' "$JOURNAL" >discord
same expect discord

# Russian is as it was.
[ "$(sent 8 | head -n 1)" = '8 🔔 Сделка №00001 ⚡' ] || fail "the built-in Russian is $(sent 8)"
