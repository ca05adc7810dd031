#!/bin/sh
# F48, as far as it is webhookd's: alerts over TLS, SIGHUP with a new
# certificate, with one that does not fit its key, and the alarm 14 days before
# it ends; a client that does not trust it.  The rest of TLS: unit/test-tls, e2e/listener-tls.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/webhookd.sh"
. "$top/tests/tls.sh"

self_signed short IP:127.0.0.1 -days 13
self_signed long IP:127.0.0.1 -days 15
cp short.key key
cp short.pem pem

risker
hook WEBHOOK_TLS_CERT="$T/pem" WEBHOOK_TLS_KEY="$T/key"
wait_for 10 connected
HOOK=https${HOOK#http}
alarm() {
	"$B/statecat" -d state webhookd/alarms | grep -q "\"certificate webhookd\".*\"open\":$1"
}
subject() {
	openssl s_client -connect "${HOOK#https://}" </dev/null 2>/dev/null | grep -q "subject=CN *= *$1"
}
post "$(alert BTCUSDT 1640995200000)" --cacert short.pem
answers 200
wait_for 10 alarm true

# One that does not fit its key: the old one stays.
cp long.pem pem
kill -HUP "$(pid_of webhookd)"
wait_for 10 has "$T/webhookd.log" 'level=error.*unable to reload the certificate'
subject short || fail 'F48: half of a new pair is in use'
cp long.key key
kill -HUP "$(pid_of webhookd)"
wait_for 10 has "$T/webhookd.log" 'the certificate was read again'
subject long || fail 'F48: the new certificate is not in use'
post "$(alert BTCUSDT 1640995200000)" --cacert long.pem
answers 200 '.duplicate == true'
wait_for 10 alarm false

# Who does not get through for want of trust is in the log.
post "$(alert BTCUSDT 1640995260000)" --cacert short.pem 2>curl.log
answers cut
wait_for 10 has "$T/webhookd.log" 'a TLS handshake failed.*unknown ca.*source=127.0.0.1'
stop webhookd
