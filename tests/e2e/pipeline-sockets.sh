#!/bin/sh
# The pipeline as services over Unix sockets, each killed and started again
# alone, in any order: every change becomes one event, and every event one
# message (F25, F79, F92, F98).
. "$(dirname "$0")/../lib.sh"
requires jq curl

exchange
control price '{"ETHUSDT":"2500"}'
export SIGNAL_POLL_INTERVAL=0.2 TELEGRAM_BOT_TOKEN=111:test-token STATE_DIR="$T/state"
mkdir -m 700 run
"$B/subscribers" add ann -c telegram -t 5 -b 9 -l en

poller() { spawn poller "$B/poller" -o unix:run/differ.sock; }
differ() { spawn differ "$B/differ" -i unix:run/differ.sock -o unix:run/notifier.sock; }
notifier() { spawn notifier "$B/notifier" -i unix:run/notifier.sock; }
events() {
	[ "$("$B/statecat" -d "$T/state" events 2>/dev/null | wc -l)" -eq "$1" ]
}
messages() {
	[ "$(jq -c 'select(.chat_id != null and .delivered)' "$JOURNAL" | wc -l)" -eq "$1" ]
}
beat() {
	"$B/statecat" -d "$T/state" account 2>/dev/null | grep -q '"type":"heartbeat".*"ok":true'
}

# The last one first: nobody depends on the order.
notifier
poller
differ
wait_for 15 beat
# What the poller tells once a day waited for differ to be there.
"$B/statecat" -d "$T/state" account | grep -q '"type":"instruments"\|"lotSizeFilter"' || fail 'no instruments'
control trade '{"symbol":"ETHUSDT","side":"Buy","qty":"2"}'
wait_for 10 messages 1

# A notifier that was away catches up from the state.
kill9 notifier
control trade '{"symbol":"ETHUSDT","side":"Buy","qty":"1"}'
wait_for 10 events 2
notifier
wait_for 15 messages 2

# A differ that was away sees at its next snapshot what happened meanwhile.
kill9 differ
control trade '{"symbol":"ETHUSDT","side":"Sell","qty":"1","reduceOnly":true}'
differ
wait_for 15 messages 3

# A poller that was away: the same.
kill9 poller
control price '{"ETHUSDT":"2600"}'
control trade '{"symbol":"ETHUSDT","side":"Sell","qty":"2","reduceOnly":true}'
poller
wait_for 15 messages 4

"$B/statecat" -d state events | jq -c '[.seq,.signal_number,.action,.position_size]' >events
cat >events.expect <<'END'
[1,1,"OPEN","2"]
[2,1,"INCREASE","3"]
[3,1,"PARTIAL_CLOSE","2"]
[4,1,"CLOSE","0"]
END
same events.expect events

stop poller
stop differ
stop notifier
messages 4 || fail "a message was sent more than once"
[ ! -e run/differ.sock ] && [ ! -e run/notifier.sock ] || fail "a socket stayed behind"
