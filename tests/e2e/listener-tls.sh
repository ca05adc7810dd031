#!/bin/sh
# F48: webhookd's listener with TLS, as curl, s_client and silent clients see
# it: versions, client certificates, a certificate that is rotated badly and
# well while it runs, handshakes that stall.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/tls.sh"
requires curl python3

authority ours
authority theirs
certificate first ours IP:127.0.0.1
certificate second ours IP:127.0.0.1
certificate tradingview ours email:webhook-server@tradingview.com
certificate other ours email:somebody@tradingview.com
certificate forged theirs email:webhook-server@tradingview.com

cp first.pem now.pem
cp first.key now.key
export WEBHOOK_LISTEN=127.0.0.1:0 WEBHOOK_TLS_CERT="$T/now.pem" WEBHOOK_TLS_KEY="$T/now.key"
serve() {
	serve_name=$1
	shift
	spawn "$serve_name" env "$@" "$B/listener" -d 3000 -p 200
	wait_for 10 has "$serve_name.out" listening
	port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$serve_name.out")
	url=https://127.0.0.1:$port/bybit
}
# ask STATUS [OPTION...]: 000 is no answer at all.
ask() {
	expect=$1
	shift
	status=$(curl -s -m 5 -o answer -w '%{http_code}' --cacert ours.pem -d hello "$@" "$url") || :
	[ "$status" = "$expect" ] || fail "$*: $status, not $expect"
}
serial() {
	openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -serial
}
hup() {
	kill -HUP "$(pid_of "$serve_name")"
	wait_for 5 has "$serve_name.log" "$1" "${2:-1}"
}

serve plain
ask 200
ask 200 --tlsv1.2 --tls-max 1.2
# The system's own rules stay out of it: only the listener's count.
for old in -tls1 -tls1_1; do
	if openssl s_client "$old" -cipher 'ALL:@SECLEVEL=0' -connect "127.0.0.1:$port" </dev/null >old.log 2>&1; then
		fail "$old was taken"
	fi
	! grep -q 'Cipher is [A-Z]' old.log || fail "$old was agreed on"
done
openssl s_client -tls1_2 -connect "127.0.0.1:$port" </dev/null >session.log 2>&1 || fail "no TLS 1.2"
has session.log 'Compression: NONE' || fail "compression"
! grep -q 'session ticket:' session.log || fail "a ticket"
# Lucky 13: none of the CBC modes.
for old in ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES128-SHA256; do
	! openssl s_client -tls1_2 -cipher "$old" -connect "127.0.0.1:$port" </dev/null >old.log 2>&1 || fail "$old was taken"
done
# In the clear there is nothing to be had, and no crash either.
! curl -s -m 5 -o answer "http://127.0.0.1:$port/bybit" || fail "an answer in the clear"

# Rotation: a certificate without its key, half a file, then the right ones.
first=$(serial)
cp second.pem now.pem
hup 'unable to reload'
has plain.log 'WEBHOOK_TLS_KEY=' || fail "it does not say which file is wrong"
head -c 200 second.pem >now.pem
hup 'unable to reload' 2
[ "$(serial)" = "$first" ] || fail "a bad certificate was taken"
ask 200
cp second.pem now.pem
cp second.key now.key
hup reloaded
[ "$(serial)" != "$first" ] || fail "the new certificate was not taken"
ask 200

# A hundred silent connects: they end with the deadline, an alert is served.
cat >silent.py <<'END'
import socket, sys, time
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for i in range(100)]
for s in held[::2]:
    s.send(b"\x16\x03\x01\x02\x00\x01")
print("connected", flush=True)
time.sleep(0.5)
begin = time.monotonic()
for s in held:
    s.settimeout(5)
    try:
        while s.recv(100): pass
    except ConnectionResetError: pass
assert time.monotonic() - begin < 6
END
spawn silent python3 silent.py "$port"
wait_for 10 has silent.out connected
ask 200 -m 2
ended silent 0
stop plain

# Whoever has the certificate gets through; nobody else does.
serve checking WEBHOOK_CLIENT_CA="$T/ours.pem" WEBHOOK_CLIENT_NAME=webhook-server@tradingview.com
ask 200 --cert tradingview.pem --key tradingview.key
ask 200 --cert tradingview.pem --key tradingview.key --tls-max 1.2
ask 403
ask 403 --cert other.pem --key other.key
ask 000 --cert forged.pem --key forged.key
ask 000 --cert forged.pem --key forged.key --tls-max 1.2
[ "$(grep -c '"type":"request"' checking.out)" -eq 2 ] || fail "$(cat checking.out)"
stop checking

# Half of a set-up is none.
for half in WEBHOOK_CLIENT_CA="$T/ours.pem" WEBHOOK_CLIENT_NAME=a.example WEBHOOK_TLS_KEY="$T/second.pem"; do
	status=0
	env "$half" "$B/listener" >half.out 2>half.log || status=$?
	[ "$status" -eq 78 ] || fail "$half: ended with $status"
	has half.log "${half%%=*}" || fail "$half: not named"
done
