#!/bin/sh
# Who gets into the operator's listener (F09): without a token nobody but a
# program on this host, no web page; with one, who has it, guesses being slowed
# down.  Nothing of it is on the public listener.
#
# Not tested: every spelling of a Host or a token (unit/test-api), a browser.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"

# code EXPECTED WHAT CURL-ARGUMENT...
code() {
	code_expected=$1 code_what=$2
	shift 2
	is "$code_what" "$code_expected" "$(curl -sS -m 5 -o body -w '%{http_code}' "$@")"
}
start() {
	WEBHOOK_LISTEN=127.0.0.1:$(free_port)
	HOOK=http://$WEBHOOK_LISTEN
	spawn webhookd env WEBHOOK_LISTEN="$WEBHOOK_LISTEN" "$@" "$B/webhookd" -i unix:run/webhookd.sock -o unix:run/risker.sock
	wait_for 10 curl -sS -m 2 -o body "$A/"
}

port=$(free_port)
A=http://127.0.0.1:$port
start ADMIN_LISTEN=127.0.0.1:"$port"
code 200 'from here' "$A/api/orders"
code 200 'localhost' -H "Host: localhost:$port" "$A/api/orders"
code 403 'another name for this host' -H 'Host: evil.example' "$A/api/orders"
code 403 'another name, the page' -H 'Host: evil.example' "$A/"
code 403 'a web page asks' -H 'Origin: https://evil.example' "$A/api/orders"
code 403 'a web page posts' -H 'Origin: https://evil.example' --json '{}' "$A/api/halt"
code 403 'a web page of another port' -H 'Origin: http://127.0.0.1:3000' --json '{}' "$A/api/halt"
code 403 'a form posts' -d 'why=x' "$A/api/halt"
code 403 'a form in disguise posts' -H 'Content-Type: text/plain' -d '{"why":"x"}' "$A/api/halt"
code 403 'a sandboxed page posts' -H 'Origin: null' --json '{}' "$A/api/halt"
[ ! -e "$S/halt" ] || fail 'somebody else halted trading'
code 400 'a POST without a length' -X POST -H 'Content-Type: application/json' "$A/api/halt"
grep -q '0 is expected where a POST has no body' body || fail "it does not say what is expected: $(cat body)"
[ ! -e "$S/halt" ] || fail 'a bad request halted trading'
code 200 'an operator posts' --json '{"why":"x"}' "$A/api/halt"
[ -e "$S/halt" ] || fail 'the operator did not halt trading'
code 200 'its own page posts' -H "Origin: $A" --json '{}' "$A/api/resume"
[ ! -e "$S/halt" ] || fail 'its own page did not resume'
# What goes in an answer stands in no header of it.
curl -sS -D headers -o body "$A/api/orders/X-Evil:1%0d%0aX-Evil:2"
! grep -qi evil headers || fail 'the request is echoed in a header'
code 404 'what is not there' "$A/api/nothing"
code 405 'the wrong method' "$A/api/halt"
code 405 'another method' -X DELETE "$A/api/orders"
code 400 'nonsense' --json '{"why":' "$A/api/halt"
for path in / /api/orders /api/halt /metrics /api/signals/test; do
	code 404 "the public listener, $path" "$HOOK$path"
done
stop webhookd

# A listener that the net can reach needs the token.
env ADMIN_LISTEN=0.0.0.0:"$port" "$B/webhookd" -n 2>refused.log && fail 'it starts without ADMIN_TOKEN'
grep -q 'ADMIN_TOKEN' refused.log || fail 'it does not say what is missing'

token=the-0perators-t0ken
start ADMIN_LISTEN=0.0.0.0:"$port" ADMIN_TOKEN="$token"
code 200 'with the token' -H "Authorization: Bearer $token" "$A/api/orders"
code 200 'by any name' -H 'Host: sluice.example' -H "Authorization: Bearer $token" "$A/api/orders"
code 200 'the page asks for it' "$A/"
for path in /api/orders /status /metrics /api/nothing; do
	code 401 "no token, $path" "$A$path"
done
code 401 'no token, halt' --json '{}' "$A/api/halt"
[ ! -e "$S/halt" ] || fail 'trading was halted without the token'
code 200 'the token posts' -H "Authorization: Bearer $token" -d '{"why":"x"}' "$A/api/halt"

# Guesses: the first ones are answered, then that address waits, and only it.
# One curl makes them all: the first wait is a second.
set -- -sS -m 20 -o body -w '%{http_code}\n' --interface 127.0.0.9
curl "$@" -H "Authorization: Bearer ${token}x" "$A/api/orders?[1-20]" --next \
    "$@" -H "Authorization: Bearer $token" "$A/api/orders" >guesses
is 'the first guess' 401 "$(head -n 1 guesses)"
is 'the last guess' 429 "$(sed -n 20p guesses)"
is 'the right one, among them' 429 "$(sed -n 21p guesses)"
code 200 'from another address' -H "Authorization: Bearer $token" "$A/api/orders"
stop webhookd
! grep -qF "$token" ./*.log || fail 'the token was logged'
