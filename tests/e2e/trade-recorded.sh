#!/bin/sh
# The trading pipeline as filters: the ring `webhookd <results | tee | risker |
# trader >results`, and each of them over a recorded file afterwards, which says
# the same again and trades nothing more; SIGTERM, and the end of one, drain it.
#
# Not tested: a full ring (trade-ring.sh).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
exchange
control limits '{"per_second":1000,"per_ip":0}'
WEBHOOK_LISTEN=127.0.0.1:$(free_port)
ADMIN_LISTEN=127.0.0.1:$(free_port)
HOOK=http://$WEBHOOK_LISTEN
export WEBHOOK_LISTEN ADMIN_LISTEN PATH="$B:$PATH"

# The other pipeline, which makes the state.
cat >signals <<'END'
poller 2>>poller.log | differ 2>>differ.log >events
END
cat >ring <<'END'
rm -f results
mkfifo results
webhookd <results 2>>webhookd.log | tee -a alerts.ndjson | risker 2>>risker.log | tee -a orders.ndjson | trader >results 2>>trader.log
END
spawn signals sh signals
wait_for 15 fed
spawn ring sh ring
listening() { curl -sS -m 2 -o /dev/null "$HOOK/status" 2>/dev/null; }
wait_for 15 listening
wait_for 15 trial

alert
answered 200 'a buy'
is 'quantity' '0.21' "$(got .quantity)"
first=$(got .orderId)
is 'the position' 'Buy 0.21 46550' "$(position)"
alert '{"symbol":"NOUSDT"}'
answered 422 'what risker refuses'
alert '{"symbol":"ETHUSDT","price":"2500","action":"sell","trendComposite":-5}'
answered 200 'a sell'
alert '{"action":"close"}'
answered 200 'a close'
flat || fail "there is $(position) left"
post_body "$(alert_body "{\"timestamp\":\"$((bar - 180000))\"}")"
answered 200 'the first again'
is 'its order' "$first true" "$(got '"\(.orderId) \(.duplicate)"')"
# The log at the last stage, and the files between the stages, are lines.
for file in alerts.ndjson orders.ndjson; do
	jq -c . "$file" >/dev/null || fail "$file is not NDJSON"
done
! grep -q 'k9P' alerts.ndjson orders.ndjson || fail 'the token was passed on'

# Ended by a signal to webhookd, it drains from there.
pkill -TERM -P "$(pid_of ring)" -x webhookd
ended ring 0
for program in webhookd risker trader; do
	grep -q 'msg="\?drained' $program.log || fail "$program did not drain: $(tail -n 2 $program.log)"
done

# Each alone, over the files, on the same state: the same again, no order.
before=$(orders_booked)
grep '"type":"alert"' alerts.ndjson >alerts.in
"$B/risker" <alerts.in >orders.again 2>>risker.log || fail "risker: $?"
jq -c 'select(.type == "order" or .type == "result")' orders.ndjson | sort -u >expected
sort -u orders.again >got
same expected got
"$B/trader" <orders.again >results.again 2>>trader.log || fail "trader: $?"
is 'a result for each' "$(jq -r .id expected | sort -u)" "$(jq -r 'select(.type == "result").id' results.again | sort -u)"
is 'the same order' "$first" "$(jq -r "select(.orderId == \"$first\").orderId" results.again | sort -u)"
is 'no order more' "$before" "$(orders_booked)"

# A line that was cut: everything before it is done, exit 65.
head -n 2 alerts.in >cut
tail -n 1 alerts.in | cut -c 1-40 | tr -d '\n' >>cut
status=0
"$B/risker" <cut >cut.out 2>>risker.log || status=$?
is 'risker, cut' "65 $(head -n 2 cut | wc -l)" "$status $(wc -l <cut.out)"
head -c -20 orders.again >cut
status=0
"$B/trader" <cut >cut.out 2>>trader.log || status=$?
is 'trader, cut' 65 "$status"
is 'no order by then' "$before" "$(orders_booked)"

# What a filter dropped trader does not trade, though it is decided.
spawn ring sh -c 'webhookd <results 2>>webhookd.log | risker 2>>risker.log | jq -c --unbuffered "select(.symbol != \"BTCUSDT\")" | trader >results 2>>trader.log'
wait_for 15 listening
alert '{"symbol":"ETHUSDT","price":"2500","action":"close"}'
answered 200 'what goes through'
alert
answered 202 'what does not'
sleep 2
is 'not sent' 0 "$(sent)"
pkill -TERM -P "$(pid_of ring)" -x webhookd || pkill -TERM -g "$(pid_of ring)" -x webhookd || :
wait_for 10 pid_is_gone ring
B=$B "$top/tests/oracle" "$JOURNAL" "$S" >oracle.out || fail "$(cat oracle.out)"
