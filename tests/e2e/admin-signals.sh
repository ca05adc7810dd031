#!/bin/sh
# Signals made by hand over HTTP: through differ and back, once each, and never
# mixed with real positions of the same symbol and side.
#
# Not tested: what differ refuses, in full (unit/test-differ); what subscribers
# read of them (notifier's tests).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"

exchange
trading

# post PATH BODY: the answer in answer.  Sets STATUS.
post() {
	STATUS=$(curl -sS -m 10 -o answer -w '%{http_code}' --json "$2" "$ADMIN/api/signals/$1")
}
open='{"symbol":"BTCUSDT","signal_type":"buy","category":"linear","leverage":"10","position_size":"1.50","entry_price":45000}'
events() {
	"$B/statecat" -d "$S" differ/events
}

post test "$open"
is 'a signal by hand' 200 "$STATUS"
is 'it is the signal' 'true OPEN 1 BTCUSDT buy linear 1.5 45000 10 true' "$(got '"\(.ok) \(.action) \(.signal_number) \(.symbol) \(.signal_type) \(.category) \(.position_size) \(.entry_price) \(.leverage) \(.test)"')"
is 'and in the journal' "$(got .request)" "$(events | jq -r .request)"

# A real trade of that symbol and side has a number of its own; neither ends
# with the other.
control trade '{"symbol":"BTCUSDT","side":"Buy","qty":"0.5"}'
opened() { [ "$(events | wc -l)" -eq 2 ]; }
wait_for 10 opened
is 'the real one' 'OPEN 2 0.5 null' "$(events | jq -r 'select(.seq == 2) | "\(.action) \(.signal_number) \(.position_size) \(.test)"')"
is 'positions' '2 0.5' "$(curl -sS "$ADMIN/api/positions" | jq -r '.positions[] | "\(.signal_number) \(.position_size)"')"
is 'in the state' 2 "$(row differ/positions .signal_number)"
is 'to the metrics' 1 "$(curl -sS "$ADMIN/metrics" | sed -n 's/^sluice_positions //p')"
post 2/close '{"exit_price":"46000","profit_percentage":"2"}'
is 'a real trade is not closed by hand' 422 "$STATUS"
is 'why' 'that trade was not made by hand' "$(got .error)"

# It counts as no position of the account: risker refuses the second of that
# symbol for the real one alone, and trades another's.
post test '{"symbol":"ETHUSDT","signal_type":"sell","category":"linear","leverage":"5","position_size":"2","entry_price":"2500"}'
is 'another by hand' '200 3' "$STATUS $(got .signal_number)"
alert '{"symbol":"ETHUSDT","price":"2500"}'
answered 200 'an alert of a symbol that has a signal by hand'
is 'one order, one position more' 2 "$(got .riskMetrics.openPositions)"
three() { [ "$(row differ/positions .signal_number | sort -n | paste -sd ' ')" = '2 4' ]; }
wait_for 10 three

post 1/close '{"exit_price":"46350","profit_percentage":"3.00"}'
is 'closed by hand' '200 CLOSE 1 46350 3.00 0 1.5 true' "$STATUS $(got '"\(.action) \(.signal_number) \(.exit_price) \(.profit_percentage) \(.position_size) \(.old_position_size) \(.test)"')"
is 'once' closed "$(curl -sS "$ADMIN/api/signals/1" | jq -r .status)"
post 1/close '{"exit_price":"46350","profit_percentage":"3.00"}'
is 'twice' '422 that trade is closed already' "$STATUS $(got .error)"
is 'the real one stands' open "$(curl -sS "$ADMIN/api/signals/2" | jq -r .status)"
control trade '{"symbol":"BTCUSDT","side":"Sell","qty":"0.5","reduceOnly":true}'
closed() { [ "$(curl -sS "$ADMIN/api/signals/2" | jq -r .status)" = closed ]; }
wait_for 10 closed
is 'the other by hand stands' open "$(curl -sS "$ADMIN/api/signals/3" | jq -r .status)"
is 'all of them, newest first' '4 3 2 1' "$(curl -sS "$ADMIN/api/signals" | jq -r '[.signals[].signal_number | tostring] | join(" ")')"
is 'two of them' '3 2 2' "$(curl -sS "$ADMIN/api/signals?before=4&limit=2" | jq -r '"\([.signals[].signal_number | tostring] | join(" ")) \(.next)"')"

# What differ does not take, and what there is not.
post test '{"symbol":"BTCUSDT","signal_type":"hold","category":"linear","position_size":"1","entry_price":"1"}'
is 'no side' '422 signal_type is not buy or sell' "$STATUS $(got .error)"
post test '{}'
is 'nothing' 422 "$STATUS"
post 99/close '{"exit_price":"1","profit_percentage":"0"}'
is 'no such signal' 404 "$STATUS"
is 'to ask for' 404 "$(curl -sS -o answer -w '%{http_code}' "$ADMIN/api/signals/99")"
post test 'x'
is 'no JSON' '400 Invalid JSON' "$STATUS $(got .error)"

# 20 at a time: each gets its own, and differ makes each once.
n=$(events | wc -l)
seq 20 | xargs -P 10 -I '{}' curl -sS -m 10 -o 'by.{}' --json \
    '{"symbol":"BTCUSDT","signal_type":"buy","category":"linear","position_size":"{}","entry_price":"1"}' "$ADMIN/api/signals/test"
for i in $(seq 20); do
	is "number $i" "$i" "$(jq -r .position_size "by.$i")"
done
is 'events' $((n + 20)) "$(events | wc -l)"

# The way back is cut: differ's state tells. Then there is no differ: nothing
# is done, and that is said.
stop differ
spawn differ "$B/differ" -i unix:run/differ.sock -o unix:run/nobody.sock
back() { post test "$open" && [ "$STATUS" = 200 ]; }
wait_for 10 back
kill9 differ
gone() { post test "$open" && [ "$STATUS" = 503 ] && [ "$(got .error)" = 'differ is not connected to webhookd: nothing was done' ]; }
wait_for 10 gone
n=$(events | wc -l)
differ
wait_for 10 back
is 'events' $((n + 1)) "$(events | wc -l)"

# It is there and does not answer: that is said in time.
kill -STOP "$(pid_of differ)"
begin=$(date +%s%N)
post test "$open"
took=$((($(date +%s%N) - begin) / 1000000))
is 'no answer' 503 "$STATUS"
got .error | grep -q 'the outcome is unknown' || fail "it says $(got .error)"
[ "$took" -lt 8000 ] || fail "after $took ms"
request=$(got .error | grep -o '[0-9a-f]\{32\}')
kill -CONT "$(pid_of differ)"
came() { events | grep -q "$request"; }
wait_for 5 came
stop_all
