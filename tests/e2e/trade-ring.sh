#!/bin/sh
# F96: the ring `webhookd <results | risker | trader >results` under some
# thousand alerts, with the kernel's 64 KiB pipes, an exchange that takes its
# time, and trader stopped for a while, so that every pipe before it is full:
# each client is answered in time, and each alert gets its outcome.
# ALERTS=10000 for more.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
count=${ALERTS:-2400}
exchange
control limits '{"per_second":1000,"per_ip":0}'
WEBHOOK_LISTEN=127.0.0.1:$(free_port)
ADMIN_LISTEN=127.0.0.1:$(free_port)
HOOK=http://$WEBHOOK_LISTEN
ALLOWED_SYMBOLS=$(coins 60)
export WEBHOOK_LISTEN ADMIN_LISTEN ALLOWED_SYMBOLS PATH="$B:$PATH" MAX_RISK_PER_TRADE=0.02 MAX_POSITIONS=40 MAX_ORDERS_PER_MINUTE=1000 \
    ALERT_TTL=60 WEBHOOK_TIMEOUT=0.2 LOG_LEVEL=WARN
cat >signals <<'END'
poller 2>>poller.log | differ 2>>differ.log >events
END
cat >ring <<'END'
mkfifo results
webhookd <results 2>>webhookd.log | risker 2>>risker.log | trader >results 2>>trader.log
END
spawn signals sh signals
wait_for 15 fed
spawn ring sh ring
wait_for 15 trial
# Trials before risker was there have no decision.
decided=$(row risker/decisions .id | wc -l)

# Eight clients that send as fast as they can, fourteen at a time each: a curl
# from an address of its own, each request with a body of its own.
mkdir bodies
alert_body '{"price":"1"}' | jq -c --argjson n "$count" 'range($n) as $i |
    .symbol = "COIN0\("0\($i % 60 + 1)"[-2:])USDT" | .timestamp = "\(1700000000000 + $i * 1000)"' >bodies/all
awk -v url="$HOOK/bybit" '{ file = "bodies/" NR; print >file; close(file)
    config = "config." NR % 8
    if (NR > 8) print "next" >config
    printf "url = \"%s\"\ndata-binary = \"@%s\"\noutput = \"bodies/answer.%d\"\nwrite-out = \"%%{http_code} %%{time_total}\\n\"\n", url, file, NR >config
    printf "interface = \"127.0.0.%d\"\n", 2 + NR % 8 >config }' bodies/all
control fault '{"path":"/v5/order/create","delay_ms":500,"count":0}'
trader_pid=$(pgrep -P "$(pid_of ring)" -x trader)
kill -STOP "$trader_pid"
clients='0 1 2 3 4 5 6 7'
for n in $clients; do
	spawn client$n curl -sS --no-progress-meter --http1.1 -Z --parallel-immediate --parallel-max 14 -K config.$n
done
# trader's pipe, of some hundred lines, is full, and risker waits for it.
risker_waits() {
	before=$(row risker/health .lines)
	sleep 0.5
	[ "$before" -gt 100 ] && [ "$before" -eq "$(row risker/health .lines)" ]
}
wait_for 20 risker_waits
kill -CONT "$trader_pid"
for n in $clients; do ended client$n 0; done
cat client[0-7].out >answers
is 'every client got an answer' "$count" "$(wc -l <answers)"
cut -d ' ' -f 1 answers | sort -u >statuses
! grep -qv -e 200 -e 202 -e 422 -e 503 statuses || fail "$(cut -d ' ' -f 1 answers | sort | uniq -c)"
# A machine that is too busy to record one in time has it sent again.
grep -l 'There was no answer in time' bodies/answer.* >late || :
is 'all of the 503' "$(grep -c '^503' answers || :)" "$(wc -l <late)"
[ "$(wc -l <late)" -le $((count / 10)) ] || fail "$(wc -l <late) were not answered in time"
while read -r file; do
	post_body "$(cat "bodies/${file##*.}")"
	case $STATUS in 200 | 202 | 422) ;; *) fail "sent again: $STATUS $(cat answer)" ;; esac
done <late
slowest=$(cut -d ' ' -f 2 answers | sort -n | tail -n 1)
is 'in time' 1 "$(awk -v s="$slowest" 'BEGIN { print s < 3 }')"

# Progress, until nothing is pending: answers, or orders that go out.
pending() {
	row webhookd/alerts 'select(.state == "pending").id' | wc -l
}
progress() {
	now=$(pending) more=$(orders_booked)
	[ "$now" -lt "$left" ] || [ "$more" -gt "$out" ]
}
left=$(pending) out=$(orders_booked)
while [ "$left" -gt 0 ]; do
	wait_for 5 progress
	left=$now out=$more
done
is 'a decision for each' "$((count + decided))" "$(row risker/decisions .id | wc -l)"
is 'forty positions' 40 "$(orders_booked)"
B=$B "$top/tests/oracle" "$JOURNAL" "$S" >oracle.out || fail "$(cat oracle.out)"
pkill -TERM -P "$(pid_of ring)" -x webhookd
ended ring 0
