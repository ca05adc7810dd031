#!/bin/sh
# What webhookd does while risker is away, stopped, or back: F07 and F08 (a 503
# uses nothing up), F49 (a risker that does not read), F50 (what has expired is
# not handed on), F98 (its socket), F99 (back-off), F102 (a log that nobody
# reads), SIGTERM with clients that wait.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/webhookd.sh"

# Nobody there: 503, at once, nothing recorded, nothing handed on later.
hook WEBHOOK_TIMEOUT=1 WEBHOOK_TRUST_PROXY=127.0.0.1
body=$(alert BTCUSDT 1640995200000)
for again in 1 2; do
	post "$body"
	answers 503 '.ok == false and (keys == ["error","ok","timestamp"])'
done
"$B/statecat" -d state webhookd/alerts >recorded
[ ! -s recorded ] || fail 'F08: a 503 was recorded'
risker
wait_for 15 connected
sleep 0.3
handed 0 || fail 'F08: what was refused is handed on'
post "$body"
answers 200 '.duplicate == null'
[ "$(grep -c 'unable to connect' webhookd.log)" -eq 1 ] || fail 'F99: more than one line for a peer that is down'

# F98: the socket is private, a second one is refused, a dead one replaced.
[ "$(stat -c %a run/webhookd.sock)" = 600 ] || fail "F98: mode $(stat -c %a run/webhookd.sock)"
status=0
STATE_DIR=$T/other "$B/webhookd" -i unix:run/webhookd.sock >second.out 2>second.log || status=$?
[ "$status" -ne 0 ] && grep -q 'level=error.*webhookd.sock' second.log || fail 'F98: two listen on one socket'
status=0
"$B/webhookd" -i unix:run/other.sock >second.out 2>second.log || status=$?
[ "$status" -ne 0 ] && grep -q 'level=error' second.log || fail 'two webhookds on one state'

# F49: risker is stopped; a hundred alerts are recorded and answered in time.
kill -STOP "$(pid_of risker)"
seq 100 | while read -r n; do
	alert "B${n}USDT" 1640995200000 >"body.$n"
	printf 'url=%s/bybit\ndata-binary=@body.%s\nheader="X-Forwarded-For: 10.1.0.%s"\noutput=many.%s\nwrite-out="%%{http_code} %%{time_total}\\n"\nnext\n' \
	    "$HOOK" "$n" "$n" "$n"
done | sed '$d' >many
curl -sS --no-progress-meter -m 10 -Z --parallel-immediate --parallel-max 100 -K many >codes || fail 'F49: a connection was cut'
awk '$1 != 202 || $2 >= 3 { bad = 1 } END { exit bad || NR != 100 }' codes || fail "F49: $(sort codes | tail -n 3)"
kill -CONT "$(pid_of risker)"
wait_for 10 sh -c '[ "$("'"$B"'/statecat" -d state webhookd/alerts | grep -c answered)" -eq 101 ]'
[ "$(jq -r .id handed | sort -u | wc -l)" -eq 101 ] || fail 'F49: not each was handed on'

# kill -9 and a new start: the dead socket is replaced, what is pending goes to
# risker when it is there, within ALERT_TTL.
echo none >verdict
kill9 webhookd
hook WEBHOOK_TIMEOUT=0.3 ALERT_TTL=6
wait_for 10 connected
since=$(date +%s)
post "$(alert C1USDT 1640995200000)"
answers 202
kill9 webhookd
kill9 risker
: >handed
hook ALERT_TTL=6
risker
wait_for 15 has "$T/handed" C1USDT
handed 1 || fail "$(cat handed)"
# F50: past it, no more.
past() { [ "$(date +%s)" -gt $((since + 7)) ]; }
wait_for 15 past
kill9 risker
risker
wait_for 15 connected
sleep 0.3
handed 1 || fail 'F50: an expired alert was handed on'

# F102: the log's reader is stopped, its pipe full: alerts go on.
kill9 webhookd
echo 200 >verdict
mkfifo logs
exec 5<>logs
perl -e 'use Fcntl; fcntl(STDOUT, F_SETFL, O_NONBLOCK); 1 while syswrite STDOUT, "x" x 4096; 1 while syswrite STDOUT, "x"' >&5
port=$(free_port) port2=$(free_port)
spawn_env="WEBHOOK_LISTEN=127.0.0.1:$port ADMIN_LISTEN=127.0.0.1:$port2"
spawn webhookd sh -c "exec env $spawn_env '$B/webhookd' -i unix:run/webhookd.sock -o unix:run/risker.sock 2>logs"
HOOK=http://127.0.0.1:$port ADMIN=http://127.0.0.1:$port2
wait_for 10 connected
post "$(alert D1USDT 1640995200000)"
answers 200
exec 5<&-

# SIGTERM: who waits is answered, and it ends well.
echo none >verdict
kill9 webhookd
hook WEBHOOK_TIMEOUT=1
wait_for 10 connected
alert E1USDT 1640995200000 >late
curl -sS -m 10 -o late.json -w '%{http_code}' --data-binary @late "$HOOK/bybit" >late.code &
late=$!
wait_for 10 has "$T/handed" E1USDT
stop webhookd
wait "$late" || fail 'SIGTERM: a client that waited was cut off'
[ "$(cat late.code)" = 202 ] || fail "SIGTERM: $(cat late.code)"
[ ! -e run/webhookd.sock ] || fail 'F98: its socket is left'
"$B/statecat" -d state webhookd/health | grep -q '"ended":true' || fail 'no orderly end in health'
