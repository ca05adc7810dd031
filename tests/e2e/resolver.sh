#!/bin/sh
# F85: a resolver that never answers holds up nobody: what has an address goes
# on, a request ends in time, and so does the program.  F86: an address that
# moves is found, whether its old one refuses or is somebody else's by now.
#
# /etc/hosts and /etc/resolv.conf are the test's own, in a mount namespace, so
# it needs root.
if [ -z "${RESOLVER_INSIDE:-}" ]; then
	if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
		echo 'resolver: skipped: no mount namespace can be made here' >&2
		exit 77
	fi
	RESOLVER_INSIDE=1 exec unshare -m --propagation private "$0"
fi
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/tls.sh"
requires jq curl perl
export SIGNAL_POLL_INTERVAL=0.2 ALLOWED_SYMBOLS=BTCUSDT BYBIT_API_KEY=test_api_key BYBIT_API_SECRET=test_secret

self_signed right DNS:exchange.test
self_signed wrong DNS:exchange.test
echo '127.0.0.1 exchange.test' >hosts
echo 'nameserver 127.0.0.99' >resolv.conf
for file in hosts resolv.conf; do
	[ -f /etc/$file ] || skip "there is no /etc/$file to cover"
	mount --bind "$T/$file" /etc/$file || skip "/etc/$file cannot be covered"
done

# serve NAME ADDRESS:PORT CERTIFICATE
serve() {
	spawn "$1" "$B/exchange" -l "$2" -j "$T/$1.journal" -C "$3.pem" -K "$3.key"
	wait_for 10 has "$1.out" listening
}
# good N: so many whole cycles.
good() {
	wait_for "${2:-10}" has poller.out '"ok":true' $(($(grep -c '"ok":true' poller.out || :) + $1))
}

# F86: it refuses; then the old address is another's, whose certificate is, too.
serve first 127.0.0.1:0 right
port=$(sed -n 's/.*127.0.0.1:\([0-9]*\).*/\1/p' first.out)
export BYBIT_BASE_URL="https://exchange.test:$port" CA_FILE="$T/right.pem"
spawn poller "$B/poller"
good 3
serve second "127.0.0.2:$port" right
echo '127.0.0.2 exchange.test' >hosts
kill9 first
good 3 15
echo '127.0.0.3 exchange.test' >hosts
serve third "127.0.0.3:$port" right
kill9 second
serve stranger "127.0.0.2:$port" wrong
good 3 15
[ ! -s stranger.journal ] || fail 'F88: a request went to a stranger'
stop poller
[ -s second.journal ] && [ -s third.journal ] || fail 'F86: not all were asked'

# F85: who is asked for addresses says nothing.
: >hosts
spawn dead perl -MIO::Socket::INET -e '$| = 1;
	my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.99", LocalPort => 53) or die "bind: $!";
	print "up\n"; while (1) { $s->recv(my $query, 512); print "asked\n" }'
wait_for 10 has dead.out up
spawn poller "$B/poller"
wait_for 15 has poller.out '"ok":false,"error":".*Resolving timed out'
has dead.out asked || fail 'nobody asked'
before=$(date +%s)
stop poller
[ $(($(date +%s) - before)) -le 4 ] || fail 'F85: the end waits for the resolver'

# Messages to who has an address do not wait for who has none.
exchange
"$B/subscribers" add far -c ntfy -t https://ntfy.test/topic -b 9
"$B/subscribers" add near -c ntfy -t "$URL/hook/near" -b 9
mkfifo in
spawn notifier sh -c 'exec "$1" -l <in' sh "$B/notifier"
exec 9>in
arrived() {
	[ "$(jq -c 'select(.path == "/hook/near" and .delivered)' "$JOURNAL" | wc -l)" -ge "$1" ]
}
# A request for an address takes 4 s to fail.
before=$(date +%s)
for n in 1 2 3 4; do
	signal $n $n OPEN >&9
	wait_for 10 arrived $n
done
[ $(($(date +%s) - before)) -lt 10 ] || fail 'F85: one message after the other waits for the resolver'
wait_for 15 has notifier.log 'unable to deliver.*esolv'
exec 9>&-
stop notifier
