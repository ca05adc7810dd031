#!/bin/sh
# The stand-in's Telegram: messages, refusals by chat, limits of a text.
#
# Not tested: markup beyond the roughest check.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl

exchange

# send JSON: the answer of sendMessage.
send() {
	curl -sS -m 10 -H 'Content-Type: application/json' -d "$1" \
	    "$URL/bot123:SecretToken/sendMessage"
}
gist() {
	jq -r '"\(.ok) \(.error_code) \(.description)"'
}

is 'a message' 'true 1 5 Привет 🔔' "$(send '{"chat_id":5,"text":"Привет 🔔"}' |
    jq -r '"\(.ok) \(.result.message_id) \(.result.chat.id) \(.result.text)"')"
is 'a form' 'true 2 -100123 a b&c' "$(curl -sS -d chat_id=-100123 \
    --data-urlencode 'text=a b&c' "$URL/bot123:SecretToken/sendMessage" |
    jq -r '"\(.ok) \(.result.message_id) \(.result.chat.id) \(.result.text)"')"
is 'no token' 'false 401 Unauthorized' "$(curl -sS -d chat_id=5 -d text=x "$URL/bot/sendMessage" | gist)"
is 'another method' 'false 404 Not Found' "$(curl -sS -d chat_id=5 "$URL/bot1:a/sendAnything" | gist)"
is 'no text' 'false 400 Bad Request: message text is empty' "$(send '{"chat_id":5}' | gist)"
is 'no chat' 'false 400 Bad Request: chat_id is empty' "$(send '{"text":"x"}' | gist)"

# 4096 UTF-16 units, of which a bell takes two (F33).
text() {
	printf "%$1s" '' | tr ' ' x
}
is '4096' true "$(send "{\"chat_id\":5,\"text\":\"$(text 4096)\"}" | jq .ok)"
is '4097' 'false 400 Bad Request: message is too long' "$(send "{\"chat_id\":5,\"text\":\"$(text 4097)\"}" | gist)"
is '4094 and a bell' true "$(send "{\"chat_id\":5,\"text\":\"$(text 4094)🔔\"}" | jq .ok)"
is '4095 and a bell' false "$(send "{\"chat_id\":5,\"text\":\"$(text 4095)🔔\"}" | jq .ok)"

# Markup (F29).
is 'a broken tag' "false 400 Bad Request: can't parse entities" \
    "$(send '{"chat_id":5,"text":"a <b>c","parse_mode":"HTML"}' | gist)"
is 'a whole one' true "$(send '{"chat_id":5,"text":"a <b>c</b>","parse_mode":"HTML"}' | jq .ok)"
is 'an open star' false "$(send '{"chat_id":5,"text":"a *c","parse_mode":"MarkdownV2"}' | jq .ok)"
is 'no markup' true "$(send '{"chat_id":5,"text":"a <b>*c_"}' | jq .ok)"

# What a chat says instead (F28, F30).
control telegram '{"chat_id":"7","status":403,"description":"Forbidden: bot was blocked by the user","count":0}'
control telegram '{"chat_id":"8","status":429,"description":"Too Many Requests: retry after 3","retry_after":3}'
control telegram '{"chat_id":"9","status":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","migrate_to_chat_id":-1009}'
is 'blocked' 'false 403 Forbidden: bot was blocked by the user' "$(send '{"chat_id":7,"text":"x"}' | gist)"
is 'still blocked' 403 "$(send '{"chat_id":"7","text":"x"}' | jq .error_code)"
is 'wait' 3 "$(send '{"chat_id":8,"text":"x"}' | jq .parameters.retry_after)"
is 'once' true "$(send '{"chat_id":8,"text":"x"}' | jq .ok)"
is 'moved' -1009 "$(send '{"chat_id":9,"text":"x"}' | jq .parameters.migrate_to_chat_id)"
is 'others get theirs' true "$(send '{"chat_id":5,"text":"x"}' | jq .ok)"
control clear '{}'
is 'unblocked' true "$(send '{"chat_id":7,"text":"x"}' | jq .ok)"

# Delivered, and no answer (F31); not delivered, and no answer.
control fault '{"path":"/bot","reset":"after"}'
! send '{"chat_id":5,"text":"twice?"}' 2>/dev/null || fail 'an answer after a reset'
control fault '{"path":"/bot","reset":"before"}'
! send '{"chat_id":5,"text":"never"}' 2>/dev/null || fail 'an answer after a reset'
control fault '{"path":"/bot","status":502,"body":"<html>"}'
send '{"chat_id":5,"text":"bad gateway"}' >/dev/null
is 'what was delivered' 'twice? true,never false,bad gateway false' "$(jq -rs \
    '[.[] | select(.fault) | "\(.text) \(.delivered)"] | join(",")' "$JOURNAL")"

# The journal has the text whole, and not the token (F35).
is 'in the journal' '/bot***/sendMessage 5 Привет 🔔 true' "$(head -n 1 "$JOURNAL" |
    jq -r '"\(.path) \(.chat_id) \(.text) \(.delivered)"')"
! grep -q SecretToken "$JOURNAL" exchange.log || fail 'the token is in the journal'
stop exchange
