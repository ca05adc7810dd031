#!/bin/sh
# What webhookd refuses to start with, and says: F09 (no token, an open
# operator's listener), F54 (settings), F105 (secrets); -n; the warning about
# ports; -h and wrong options.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/webhookd.sh"

# refuses STATUS PATTERN NAME=VALUE...: with -n and without.
refuses() {
	expected=$1 pattern=$2
	shift 2
	for check in -n ''; do
		status=0
		# shellcheck disable=SC2086
		env "$@" timeout 10 "$B/webhookd" $check -i unix:run/x.sock >no.out 2>no.log || status=$?
		[ "$status" -eq "$expected" ] || fail "$* $check: status $status, not $expected: $(cat no.log)"
		grep -q "level=error.*$pattern" no.log || fail "$*: not '$pattern': $(cat no.log)"
		[ ! -s no.out ] || fail "$*: something on standard output"
	done
}
refuses 78 WEBHOOK_SECRET WEBHOOK_SECRET=
refuses 78 ADMIN_TOKEN ADMIN_LISTEN=0.0.0.0:0
refuses 78 WEBHOOK_TLS_KEY WEBHOOK_TLS_CERT="$T/cert.pem"
refuses 78 WEBHOOK_TLS_CERT WEBHOOK_TLS_KEY="$T/key.pem"
refuses 78 'WEBHOOK_TLS_CERT=.*/none.pem: No such file or directory: expected a PEM file' WEBHOOK_TLS_CERT="$T/none.pem" WEBHOOK_TLS_KEY="$T/none.pem"
refuses 78 WEBHOOK_TIMEOUT WEBHOOK_TIMEOUT=0
refuses 78 TREND_THRESHOLD TREND_THRESHOLD=abc
refuses 78 WEBHOOK_TRUST_PROXY WEBHOOK_TRUST_PROXY=10.0.0.0/33
refuses 78 ALERT_TTL ALERT_TTL=-1

export STATE_DIR="$T/fresh"
"$B/webhookd" -n 2>good.log || fail "-n: $(cat good.log)"
[ ! -e fresh ] || fail '-n made a state'
grep -q 'level=warn.*80 and 443' good.log || fail 'no warning about the ports'
WEBHOOK_TRUST_PROXY=127.0.0.1 "$B/webhookd" -n 2>good.log || fail "-n: $(cat good.log)"
! grep -q '80 and 443' good.log || fail 'a warning about ports behind a proxy'
WEBHOOK_LISTEN=0.0.0.0:443 "$B/webhookd" -n 2>good.log || fail "-n: $(cat good.log)"
! grep -q '80 and 443' good.log || fail 'a warning about port 443'
grep -q 'level=warn.*TLS to port 443' good.log || fail 'no warning about port 443 without TLS'
! grep -q 'WEBHOOK_SECRET is short' good.log || fail 'a warning about a good token'
WEBHOOK_LISTEN=0.0.0.0:443 WEBHOOK_TRUST_PROXY=127.0.0.1 "$B/webhookd" -n 2>good.log || fail "-n: $(cat good.log)"
! grep -q 'port 443' good.log || fail 'a warning about TLS behind a proxy'
WEBHOOK_SECRET=elevenbytes "$B/webhookd" -n 2>good.log || fail "-n: $(cat good.log)"
grep -q 'level=warn.*WEBHOOK_SECRET is short.*bytes=11 expected=12' good.log || fail 'no warning about a short token'
"$B/webhookd" -h | grep -q '^usage: webhookd' || fail '-h'
status=0
"$B/webhookd" -x 2>usage.log || status=$?
[ "$status" -eq 64 ] || fail "-x: status $status"
status=0
"$B/webhookd" -o unix:run/a -s unix:run/a 2>usage.log || status=$?
[ "$status" -eq 64 ] || fail "-s as -o: status $status"
status=0
"$B/webhookd" -n -s differ.sock 2>usage.log || status=$?
[ "$status" -eq 64 ] && grep -q "option -s: endpoint 'differ.sock': expected" usage.log || fail "-s: status $status: $(cat usage.log)"

# A port that is taken, or an address that is not there, names the setting; it
# may be free in a moment, so no service is kept down for it.
hook
taken=${HOOK#http://}
for setting in WEBHOOK_LISTEN ADMIN_LISTEN; do
	status=0
	env STATE_DIR="$T/other" $setting="$taken" timeout 10 "$B/webhookd" -i unix:run/x.sock 2>taken.log || status=$?
	[ "$status" -eq 75 ] && grep -q "level=error.*$setting=$taken" taken.log || fail "$setting: $status: $(cat taken.log)"
	status=0
	env STATE_DIR="$T/other" ADMIN_TOKEN=x-of-this-test $setting=192.0.2.1:8080 timeout 10 "$B/webhookd" -i unix:run/x.sock 2>away.log || status=$?
	[ "$status" -eq 75 ] && grep -q "level=error.*$setting=192.0.2.1:8080.*assign" away.log || fail "$setting: $status: $(cat away.log)"
done

# A port that is not for everybody: what it takes.
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 1 ]; then
	without=''
	[ "$(id -u)" -ne 0 ] || without='setpriv --bounding-set=-net_bind_service'
	status=0
	STATE_DIR="$T/other" WEBHOOK_LISTEN=127.0.0.1:1 timeout 10 $without "$B/webhookd" -i unix:run/x.sock 2>low.log || status=$?
	[ "$status" -eq 78 ] && grep -q 'level=error.*WEBHOOK_LISTEN=127.0.0.1:1: .*denied: .*setcap' low.log || fail "port 1: $status: $(cat low.log)"
fi

# F105: modes, no token in the process list; a hangup without TLS changes
# nothing.
[ "$(stat -c %a fresh)" = 700 ] || fail "F105: mode $(stat -c %a fresh)"
! tr '\0' ' ' <"/proc/$(pid_of webhookd)/cmdline" | grep -qF -- "$SECRET" || fail 'F105: the token is an argument'
grep -q '^Max core file size  *0  *0 ' "/proc/$(pid_of webhookd)/limits" || fail 'F105: core dumps are on'
kill -HUP "$(pid_of webhookd)"
wait_for 10 has "$T/webhookd.log" 'hangup'
"$B/statecat" -d fresh webhookd/health | grep -q '"ended":false' || fail 'no row of the start'
stop webhookd
! grep -qF -- "$SECRET" ./*.log || fail 'F105: the token was logged'
printf 'WEBHOOK_SECRET=%s\n' "$SECRET" >open.env
chmod 644 open.env
status=0
env -u WEBHOOK_SECRET "$B/webhookd" -n -e open.env 2>open.log || status=$?
[ "$status" -eq 78 ] && grep -q 'chmod 600' open.log || fail "F105: an open file: $status"
