#!/bin/sh
# The stand-in's getUpdates: long polls, offsets, two that poll, faults.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/exchange/call.sh"
requires jq curl

exchange
# ask MEMBERS: the answer of getUpdates.
ask() {
	curl -sS -m 10 -H 'Content-Type: application/json' -d "{$1}" "$URL/bot123:SecretToken/getUpdates"
}
ids() {
	jq -c '[.result[].update_id]'
}
gist() {
	jq -r '"\(.ok) \(.error_code) \(.description)"'
}

is 'the bot' '123 stand_in_bot' "$(curl -sS "$URL/bot123:SecretToken/getMe" | jq -r '.result | "\(.id) \(.username)"')"
is 'nothing yet' '[]' "$(ask '' | ids)"

control update '{"from":5,"text":"/start Привет"}'
control update '{"from":6,"text":"/stop","chat":-100,"type":"group","age":60}'
control update '{"update_id":9,"edited_message":{"text":"x"}}'
is 'in order' '[1,2,9]' "$(ask '' | ids)"
is 'again' '[1,2]' "$(ask '"limit":2' | ids)"
is 'who and what' '5 5 private /start Привет' "$(ask '' | jq -r '.result[0].message | "\(.from.id) \(.chat.id) \(.chat.type) \(.text)"')"
is 'a group' '6 -100 group 60' "$(ask '' | jq -r '.result | "\(.[1].message | "\(.from.id) \(.chat.id) \(.chat.type)") \(.[0].message.date - .[1].message.date | if . > 58 and . < 63 then 60 else . end)"')"
is 'as it is' '{"update_id":9,"edited_message":{"text":"x"}}' "$(ask '' | jq -c '.result[2]')"

# An offset confirms what is below it.
is 'confirmed' '[9]' "$(ask '"offset":3' | ids)"
is 'gone' '[9]' "$(ask '"offset":1' | ids)"
is 'all gone' '[]' "$(ask '"offset":10' | ids)"

# A poll is answered at once when somebody writes, else when its time is over.
(ask '"offset":10,"timeout":9' >polled) &
poll=$!
wait_for 5 has "$JOURNAL" '"timeout.*:9'
control update '{"from":5,"text":"/balance"}'
wait "$poll"
is 'polled' '[10]' "$(ids <polled)"
since=$(date +%s%N)
is 'nobody wrote' '[]' "$(ask '"offset":11,"timeout":1' | ids)"
[ $((($(date +%s%N) - since) / 1000000)) -ge 990 ] || fail 'the poll did not wait'

# Of two that poll the older one is told.
(ask '"offset":11,"timeout":8' >older) &
poll=$!
wait_for 5 has "$JOURNAL" '"timeout.*:8'
is 'the newer' '[]' "$(ask '"offset":11,"timeout":1' | ids)"
wait "$poll"
is 'the older' 'false 409 Conflict: terminated by other getUpdates request; make sure that only one bot instance is running' "$(gist <older)"

# Faults, of getUpdates alone.
control fault '{"path":"/bot123:SecretToken/getUpdates","status":401,"body":"{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}"}'
is 'a fault' 'false 401 Unauthorized' "$(ask '' | gist)"
is 'and gone' '[]' "$(ask '"offset":11' | ids)"
is 'in the journal' '/bot***/getUpdates' "$(jq -r .path "$JOURNAL" | grep getUpdates | sort -u)"
! grep -q SecretToken "$JOURNAL" exchange.log || fail 'the token is in the journal'
stop exchange
