#!/bin/sh
# GET /status and /metrics tell the truth: healthy; then a stage that was
# killed, Bybit that does not answer, poller that is gone, an alarm, a halt,
# each seen, named to the operator alone, and over when it is over.
#
# Not tested: every row that there can be (unit/test-api-states).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
. "$top/tests/tls.sh"

trading STATE_MAX_AGE=3

# status LISTENER: its answer in status.json.  Sets STATUS.
status() {
	STATUS=$(curl -sS -m 5 -o status.json -w '%{http_code}' "$1/status")
}
healthy() {
	status "$ADMIN" && [ "$STATUS" = 200 ] && [ "$(jq -r .status status.json)" = healthy ]
}
degraded() {
	status "$HOOK" && [ "$STATUS" = 503 ] && [ "$(jq -r .status status.json)" = degraded ] || return 1
	# What is wrong is nobody's business there.
	[ "$(jq -c 'keys' status.json)" = '["bybit","status","testnet","timestamp"]' ] || fail "it tells more: $(cat status.json)"
	status "$ADMIN" && [ "$STATUS" = 503 ] && is_true "$1" status.json
}
state_of() {
	[ "$(jq -r --arg s "$1" '.stages[] | select(.stage == $s).state' status.json)" = "$2" ]
}
metric() {
	curl -sS -m 5 "$ADMIN/metrics" | grep -qx "sluice_$1 $2"
}

wait_for 10 healthy
is 'the public answer' 'healthy true true' "$(curl -sS "$HOOK/status" | jq -r '"\(.status) \(.bybit) \(.testnet)"')"
curl -sS "$HOOK/status" | is_true '.timestamp | test("^20[0-9-]*T[0-9:]*[.][0-9]{3}Z$")' || fail 'no timestamp'
for stage in differ webhookd risker trader; do
	state_of "$stage" running || fail "$stage does not run: $(cat status.json)"
done
state_of notifier absent || fail 'notifier never ran'
metric healthy 1
metric 'stage_up{stage="trader"}' 1
metric equity_usd 10000
metric positions 0
metric halted 0
metric risker_connected 1
# Each line is one that Prometheus takes.
curl -sS "$ADMIN/metrics" | grep -vE '^(# (HELP|TYPE) sluice_[a-z_]+ .+|sluice_[a-z_]+([{]stage="[a-z]+"[}])? -?[0-9]+([.][0-9]+)?)$' >bad.txt || :
[ ! -s bad.txt ] || fail "no metrics: $(cat bad.txt)"

# Killed is down; ended in order is not.
kill9 risker
wait_for 5 degraded '[.stages[] | select(.stage == "risker" and .state == "down")] | length == 1'
metric 'stage_up{stage="risker"}' 0
risker
wait_for 10 healthy
kill9 trader
wait_for 5 degraded '[.stages[] | select(.stage == "trader" and .state == "down")] | length == 1'
trader
wait_for 10 healthy

# Bybit answers nothing: the heartbeats say so.
control fault '{"path":"/v5/position/list","status":500,"count":0}'
wait_for 20 degraded '.bybit == false and .heartbeat.ok == false and (.heartbeat.error | length > 0)'
control clear '{}'
wait_for 30 healthy

# The poller is gone: its last word gets old.
stop poller
wait_for 10 degraded '.bybit == false and .heartbeat.ok'
metric heartbeat_ok 1
poller
wait_for 20 healthy

# Halted, by hand and over HTTP.
env STATE_DIR="$S" "$top/scripts/halt" 'a bad day' >/dev/null
wait_for 5 degraded '.halted and .halt.why == "a bad day" and (.halt.who | startswith("scripts/halt by "))'
metric halted 1
curl -sS --json '{}' "$ADMIN/api/resume" | is_true '.ok and (.halted | not) and .changed' || fail 'no resume'
[ ! -e "$S/halt" ] || fail 'the halt is still there'
wait_for 10 healthy

# webhookd's own alarm: its certificate ends in three days.
stop webhookd
self_signed soon IP:127.0.0.1 -days 3
webhookd WEBHOOK_TLS_CERT="$T/soon.pem" WEBHOOK_TLS_KEY="$T/soon.key"
ends_soon() {
	status "$ADMIN" && [ "$STATUS" = 503 ] &&
	    [ "$(jq -r '.alarms[] | "\(.stage) \(.alarm)"' status.json)" = 'webhookd certificate webhookd' ]
}
wait_for 10 ends_soon
metric 'alarms{stage="webhookd"}' 1
is 'in public' '["bybit","status","testnet","timestamp"]' "$(curl -sSk "https://$WEBHOOK_LISTEN/status" | jq -c keys)"
stop webhookd
webhookd
wait_for 10 healthy

# Another's line: differ's alarm.
now=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
echo '{"type":"heartbeat","time":"'$now'","account":"main","host":"elsewhere","uid":"9","ok":true}' | send run/differ.sock
wait_for 10 degraded '[.alarms[] | select(.stage == "differ" and .alarm == "identity main" and (.text | length > 0))] | length == 1'
metric 'alarms{stage="differ"}' 1
stop_all
