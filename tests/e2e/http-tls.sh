#!/bin/sh
# F88: a certificate that is self-signed, of another host, expired or of another
# authority: no request leaves, the journal stays empty.  The right one works,
# with CA_FILE alone.  F87: a server that offers HTTP/2 is asked for HTTP/1.1
# alone.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/tls.sh"
requires jq curl

export SIGNAL_POLL_INTERVAL=0.2 ALLOWED_SYMBOLS=BTCUSDT \
    BYBIT_API_KEY=test_api_key BYBIT_API_SECRET=test_secret

authority ours
authority theirs
certificate good ours IP:127.0.0.1
certificate wronghost ours DNS:api.example.com
certificate wrongca theirs IP:127.0.0.1
# Expired since yesterday.
certificate expired ours IP:127.0.0.1 -days -1
self_signed selfsigned IP:127.0.0.1

# serve NAME: the stand-in with that certificate.
serve() {
	: >"$1.journal"
	spawn "$1" "$B/exchange" -l 127.0.0.1:0 -j "$T/$1.journal" -C "$1.pem" -K "$1.key"
	wait_for 10 has "$1.out" listening
	BYBIT_BASE_URL=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$1.out")
	export BYBIT_BASE_URL
	case $BYBIT_BASE_URL in https://*) ;; *) fail "$BYBIT_BASE_URL is not https" ;; esac
}

for bad in selfsigned wronghost expired wrongca; do
	serve "$bad"
	spawn poller env CA_FILE="$T/ours.pem" "$B/poller"
	wait_for 10 has poller.out '"ok":false' 3
	! grep -q '"ok":true' poller.out || fail "$bad: accepted"
	stop poller
	[ ! -s "$bad.journal" ] || fail "$bad: a request left"
	stop "$bad"
done

serve good
spawn trusting env CA_FILE="$T/ours.pem" "$B/poller"
wait_for 10 has trusting.out '"ok":true' 2
stop trusting
[ -s good.journal ] || fail "no request"
# Without CA_FILE the system's authorities count, and ours is none of them.
: >good.journal
spawn system "$B/poller"
wait_for 10 has system.out '"ok":false' 2
stop system
[ ! -s good.journal ] || fail "a request left without CA_FILE"
# CA_FILE stands for itself: the system's authorities do not count beside it.
spawn other env CA_FILE="$T/theirs.pem" SSL_CERT_FILE="$T/ours.pem" "$B/poller"
wait_for 10 has other.out '"ok":false' 2
stop other
[ ! -s good.journal ] || fail "a request left with another CA_FILE"
stop good

# F87: what the clients say that they speak, whatever the server would.
port=${BYBIT_BASE_URL##*:}
mkfifo held # s_server ends with its standard input
exec 5<>held
for client in "poller" "trader -i unix:$T/trader.sock"; do
	spawn alpn sh -c "exec openssl s_server -accept 127.0.0.1:$port -cert good.pem -key good.key -alpn h2,http/1.1 <held"
	wait_for 10 has alpn.out ACCEPT
	# shellcheck disable=SC2086
	spawn client env CA_FILE="$T/ours.pem" "$B"/$client
	wait_for 10 has alpn.out 'ALPN protocols'
	kill9 client
	kill9 alpn
	grep -q 'ALPN protocols advertised by the client: http/1.1$' alpn.out ||
	    fail "$client offers something else: $(grep ALPN alpn.out)"
done
