#!/bin/sh
# The result of an alert comes while webhookd is down, and it is down until the
# alert has expired: whoever asks again is told what came of it all the same,
# for the states of trader and risker say so.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
kill_points webhookd risker trader
trading ALERT_TTL=2

answered_in_state() {
	"$B/statecat" webhookd/alerts | grep "\"id\":\"$1\".*\"state\":\"answered\""
}
# lost FRAGMENT: post it to a webhookd that dies before it answers.
lost() {
	kill9 webhookd
	webhookd SLUICE_KILL=K2
	wait_for 10 connected_now
	bar=$((bar + 60000))
	body=$(alert_body "$1")
	post_body "$body"
	ended webhookd 137
	sleep 2.5
	webhookd
	wait_for 10 answered_in_state "$(id_of "$body")"
	post_body "$body"
}
lost '{}'
answered 200 'an order'
is 'it is told' 'true true BTCUSDT' "$(got '"\(.ok) \(.duplicate) \(.symbol)"')"
lost '{"symbol":"SOLUSDT"}'
answered 422 'a refusal'
is 'it is told' 'Trade validation failed' "$(got .error)"
