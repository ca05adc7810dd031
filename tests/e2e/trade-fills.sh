#!/bin/sh
# F12, F13: accepted is not filled: part, none, late, a status that lags,
# rejected after it was accepted, with fills; and a fill that differ cannot see
# yet counts for the next alert.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading ALLOWED_SYMBOLS="$(coins 20)" $small

n=0
# next FILL: another coin's entry, of which that becomes.
next() {
	n=$((n + 1))
	[ -z "$1" ] || control fill "$1"
	alert "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}"
}
raw() {
	grep -o "\"$1\":[^,}\"]*" answer | cut -d : -f 2-
}

# 37 % of 500: that is what is held and protected; the rest is not chased.
next '{"percent":"37"}'
answered 200 'a part'
is 'asked and filled' '500.0 185' "$(raw quantity) $(jq '.filledQty | tonumber' answer)"
[ "$(got '.warnings | length')" -ge 1 ] || fail 'no warning of a part fill'
held "$(coin $n)" 0.98 37 || fail "held: $(position "$(coin $n)")"
is 'sent once' 1 "$(sent)"

next '{"percent":"0"}'
answered 422 'no fill'
got .error | grep -q '^Bybit: ' || fail "no fill: $(got .error)"
is 'nothing held' flat "$(position "$(coin $n)")"
is 'never repeated' 1 "$(sent)"

next '{"reject":"EC_NoEnoughQtyToFill","delay_ms":500}'
answered 422 'rejected after it was accepted'
is 'nothing held' flat "$(position "$(coin $n)")"

next '{"reject":"EC_Others","percent":"50"}'
case $STATUS in 200 | 202) ;; *) fail "rejected with fills: $STATUS $(cat answer)" ;; esac
held "$(coin $n)" 0.98 50 || fail "half: $(position "$(coin $n)")"
wait_for 5 is_state protected

# Late, and a status that lags: 202 in time, the outcome later.
next '{"delay_ms":4000}'
answered 202 'late'
late=$BODY
next '{"status_ms":6000}'
case $STATUS in 200 | 202) answered "$STATUS" 'lagging' ;; *) fail "lagging: $STATUS $(cat answer)" ;; esac
lagging=$BODY
delivered "$late"
held "$(coin 5)" || fail "late: $(position "$(coin 5)")"
is 'late: one order' 1 "$(booked)"
delivered "$lagging"
held "$(coin 6)" || fail "lagging: $(position "$(coin 6)")"
is 'lagging: one order' 1 "$(booked)"

# F13: nobody sees the new position for 30 s, and the limit of one holds.
control delay '{"position_ms":4000}'
next ''
first=$STATUS
sleep 1
alert "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}"
answered 422 'the second of its symbol'
got '.errors[]' | grep -q 'Max positions' || fail "the second: $(got .errors)"
case $first in 200 | 202) ;; *) fail "the first: $first" ;; esac
control delay '{"position_ms":0}'
wait_for 10 held "$(coin $n)"
judge told
stop_all
