#!/bin/sh
# F27: no good snapshot for STATE_MAX_AGE is an alarm, whoever is still alive,
# and is over with the next snapshot; so with no state of differ at all.  The
# operator is told of both, once each; of alarms of other stages too.  So with a
# poller that is stopped, or that lives and gets no answer.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl

exchange
export TELEGRAM_BOT_TOKEN=1:t OPERATOR_CHAT=77 NOTIFY_LANG=en STATE_MAX_AGE=2
spawn notifier "$B/notifier" -i unix:n.sock
wait_for 8 alarm snapshot_stale true
wait_for 5 took 77 1
# over ALARM: with a snapshot of now it is; the next one is needed where the
# first one is old before anybody looks.
over() {
	began=$(date +%s)
	snap 0 '' | "$B/differ" >/dev/null 2>>differ.log
	sleep 0.3
	alarm "$1" false
}
wait_for 10 over snapshot_stale
wait_for 8 alarm 'snapshot_stale main linear USDT' true
wait_for 10 over 'snapshot_stale main linear USDT'
wait_for 5 took 77 4
# Nothing is said twice.
sleep 1.2
printf '77 %s\n' '🚨 Alarm: snapshot_stale' '✅ Alarm over: snapshot_stale' \
    '🚨 Alarm: snapshot_stale main linear USDT' '✅ Alarm over: snapshot_stale main linear USDT' >expect
sent 77 | head -n 4 >got
same expect got

# Another stage's: differ refuses a line of another host.
began=$(date +%s)
printf '{"type":"heartbeat","time":"%s","account":"main","host":"api.bybit.com","uid":"1","ok":true,"ms":1,"requests":1}\n' "$(at 1)" >good
printf '{"type":"heartbeat","time":"%s","account":"main","host":"elsewhere","uid":"1","ok":true,"ms":1,"requests":1}\n' "$(at 2)" >bad
{
	cat good bad
	snap 3 ''
} | "$B/differ" >/dev/null 2>>differ.log || :
told() { sent 77 | grep -q 'Alarm: identity main'; }
wait_for 5 told
# Across a restart nothing is told again.
stop notifier
spawn notifier "$B/notifier" -i unix:n.sock
sleep 1.5
sent 77 | sort >after
uniq -d after | grep -v snapshot_stale && fail "told twice"
stop notifier
has notifier.log 'level=error.*no good snapshot since' || fail "the log does not say so"

# With the programs themselves: poller stopped, and an exchange that takes
# connections and never answers.  Heartbeats of the latter are no snapshots.
rm -rf state
mkfifo lines
export SIGNAL_POLL_INTERVAL=0.2
spawn differ sh -c 'exec "$1" <lines' sh "$B/differ"
spawn poller sh -c 'exec "$1" >lines' sh "$B/poller"
spawn notifier "$B/notifier" -i unix:n.sock
scope='snapshot_stale main linear USDT'
fine() { "$B/statecat" differ/account | grep -q linear && ! alarm "$scope" true; }
wait_for 10 fine
kill -STOP "$(pid_of poller)"
wait_for 10 alarm "$scope" true
kill -CONT "$(pid_of poller)"
wait_for 10 alarm "$scope" false
control fault '{"path":"/v5/position/list","count":0,"hang":true}'
wait_for 10 alarm "$scope" true
control clear '{}'
kill9 poller
