#!/bin/sh
# notifier's channels over HTTP: what arrives, signed and escaped; what a status
# means (delivered, wait, gone, refused, again), in order; what `subscribers`
# takes as an address; and that no log or line has more of such a URL than its
# host (F35).  The stand-in's journal is the witness.
#
# Not tested: Discord, Slack and ntfy themselves.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl openssl

exchange
export LOG_LEVEL=DEBUG NOTIFY_LANG=en NOTIFY_WEBHOOK_SECRET=the-common-secret
token=T0kenInTheUrl
hook=$URL/hook

# got NAME FILTER: of each message that /hook/NAME took.
got() {
	jq -r "select(.path == \"/hook/$1\" and .delivered) | $2" "$JOURNAL"
}
took_hook() {
	[ "$(got "$1" 1 | wc -l)" -ge "$2" ]
}

# Addresses: one of the channel's, else the row is refused, and not quoted.
for words in "telegram https://example.com/$token" "webhook http://example.com/$token" \
    "webhook https://user:$token@example.com/" "webhook https://example.com/$token#short" \
    "discord ftp://example.com/$token" "slack https://example.com/a b$token" "ntfy $token"; do
	set -- $words
	status=0
	"$B/subscribers" add x -c "$1" -t "${words#* }" 2>refused.log || status=$?
	[ "$status" -eq 64 ] || fail "$words led to $status"
	[ "$1" = telegram ] || ! grep "$token" refused.log || fail "the refusal quotes the URL"
done
"$B/subscribers" add w1 -c webhook -t "$hook/w1-$token?key=$token" -b 9
"$B/subscribers" add w2 -c webhook -t "$hook/w2-$token#a-secret-of-their-own" -b 9
"$B/subscribers" add d -c discord -t "$hook/d-$token" -b 9
"$B/subscribers" add s -c slack -t "$hook/s-$token" -b 9
"$B/subscribers" add n -c ntfy -t "$hook/n-$token" -b 9 -l ru

mkfifo in
spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
signal 1 1 OPEN ',"note":"as it is:  1.50, \u00e9"' >line
# A symbol that would be markup, a mention, a header.
signal 2 2 OPEN | sed 's/"BTCUSDT"/"<!channel>\&*@everyone*"/' >odd
cat line odd >&9
for id in w1 w2 d s n; do
	wait_for 10 took_hook "$id-$token" 2
done

# The line itself, byte for byte, with an HMAC that openssl makes, too.
got "w1-$token" .text >w1
cat line odd | same - w1
sign() {
	printf 'sha256=%s\n' "$(printf %s "$(cat "$1")" | openssl dgst -sha256 -hmac "$2" | sed 's/.* //')"
}
{ sign line the-common-secret; sign odd the-common-secret; } >expect
got "w1-$token" .signature >signed
same expect signed
{ sign line a-secret-of-their-own; sign odd a-secret-of-their-own; } >expect
got "w2-$token" .signature >signed
same expect signed

text='🔔 Trade #00001 ⚡'
[ "$(got "d-$token" '.text | fromjson | .content | split("\n")[0]' | head -n 1)" = "$text" ] || fail "discord: $(got "d-$token" .text)"
[ "$(got "d-$token" '.text | fromjson | .allowed_mentions | tojson' | sort -u)" = '{"parse":[]}' ] || fail "discord may mention"
got "d-$token" '.text | fromjson | .content' | grep -qF '📈 LONG \<!channel\>&\*\@everyone\*' || fail "discord: $(got "d-$token" .text)"
[ "$(got "s-$token" '.text | fromjson | .text | split("\n")[0]' | head -n 1)" = "$text" ] || fail "slack: $(got "s-$token" .text)"
got "s-$token" '.text | fromjson | .text' | grep -qF '📈 LONG &lt;!channel&gt;&amp;*@everyone*' || fail "slack: $(got "s-$token" .text)"
[ "$(got "n-$token" '.text | split("\n")[0]' | head -n 1)" = '🔔 Сделка №00001 ⚡' ] || fail "ntfy: $(got "n-$token" .text)"
[ "$(got "n-$token" .title | head -n 1 | sed 's/^=?UTF-8?B?\(.*\)?=$/\1/' | openssl base64 -d -A)" = '🔔 Сделка №00001 ⚡' ] ||
    fail "ntfy: the title is $(got "n-$token" .title)"

# 429 is waited for, 5xx and a reset come again, 400 ends that message, 410 the
# subscriber; each keeps its order.
control fault "{\"path\":\"/hook/d-\",\"status\":429,\"body\":\"slow down\"}"
control fault "{\"path\":\"/hook/s-\",\"status\":503,\"body\":\"$token\"}"
control fault "{\"path\":\"/hook/n-\",\"reset\":\"before\"}"
control fault "{\"path\":\"/hook/w1-\",\"status\":400,\"body\":\"no\"}"
control fault "{\"path\":\"/hook/w2-\",\"status\":410,\"body\":\"no\"}"
signal 3 1 INCREASE >&9
signal 4 1 CLOSE >&9
for id in w1:3 d:4 s:4 n:4; do
	wait_for 10 took_hook "${id%:*}-$token" "${id#*:}"
done
printf '%s\n' "$text" '🔔 Trade #00002 ⚡' '🔼 Trade #00001 - Position increased' '🔚 Trade #00001 ⚡' >expect
for id in d s; do
	got "$id-$token" '.text | fromjson | .content // .text | split("\n")[0]' >heads
	same expect heads
done
[ "$(got "w1-$token" '.text | fromjson | .seq' | tr '\n' ' ')" = '1 2 4 ' ] || fail "webhook w1 got $(got "w1-$token" .text)"
took_hook "w2-$token" 3 && fail "a webhook that is gone got more"
"$B/subscribers" show w2 | is_true '.active == false' || fail "w2 is active"
alarm 'subscriber w2' true || fail "there is no alarm for w2"
[ "$(jq -r 'select(.subscriber == "w1" and (.ok | not)).error' notifier.out)" = 'HTTP 400' ] || fail "the line of the refusal"

# Nobody there: the reason names the host alone.
"$B/subscribers" add gone -c ntfy -t "http://127.0.0.1:1/$token" -b 1
signal 5 3 OPEN >&9
wait_for 10 has notifier.log 'reason="127.0.0.1: .*connect'
exec 9>&-
ended notifier 0
if grep -l -e "$token" -e the-common-secret -e a-secret-of-their-own notifier.log notifier.out; then
	fail "a secret stands in the files above (F35)"
fi

# Without a secret a webhook is not served in silence.
signal 6 3 INCREASE | env -u NOTIFY_WEBHOOK_SECRET "$B/notifier" -l >/dev/null 2>none.log && fail "no secret, and no error"
has none.log 'NOTIFY_WEBHOOK_SECRET is not set.*w1' || fail "the error does not name setting and subscriber"
