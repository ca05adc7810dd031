#!/bin/sh
# The state of trader is lost while entries are open, closed, and decided but
# never sent: the next start asks Bybit for each decision that risker holds for
# open, nothing is ordered twice, what stands is guarded again, and what is over
# is final, so that it takes no place of a limit any more; and the operator is
# told, also by a start after that one.
#
# Not tested: orders that Bybit has forgotten by then.  The oracle is not asked:
# of orders that were final before, nothing is known any more.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading ALLOWED_SYMBOLS="$(coins 20)" $small MAX_POSITIONS=4 ALERT_TTL=4 WEBHOOK_TIMEOUT=2

# entry N [STATUS]
entry() {
	alert "{\"symbol\":\"$(coin "$1")\",\"price\":\"1\"}"
	answered "${2:-200}" "entry $1"
	eval "id_$1=$ID"
}
for n in 1 2 3 4; do entry $n; done
# is_lost: the alarm is open, and counts 1, 2, 4 and 5, and perhaps what risker
# does not know to be final yet.
is_lost() {
	row trader/alarms 'select(.alarm == "state_lost" and .open).text' |
	    grep -q ' risker holds [4-6] orders for open: '
}
! is_lost || fail 'an alarm at the first start'
alert "{\"symbol\":\"$(coin 3)\",\"price\":\"1\",\"action\":\"close\"}"
answered 200 'the close'
wait_for 10 is_state closed "$id_3"
# The fourth place is free once differ has seen it go.
seen_gone() {
	! "$B/statecat" -d "$S" differ/positions | grep -q "$(coin 3)"
}
wait_for 10 seen_gone
kill9 trader
control trade "{\"symbol\":\"$(coin 2)\",\"side\":\"Sell\",\"qty\":\"500\",\"reduceOnly\":true}"
# Decided: its place is taken; with trader away it can only expire.
entry 5 202
decided() {
	[ "$(row risker/decisions "select(.id == \"$id_5\").type")" = order ]
}
wait_for 5 decided
rm "$S/trader.mdb" "$S/trader.mdb-lock"
trader
wait_for 10 is_lost
kill9 trader
trader
wait_for 30 is_state protected "$id_1"
wait_for 30 is_state protected "$id_4"
wait_for 30 is_state closed "$id_2"
wait_for 30 is_state expired "$id_5"
for n in 1 2 3 4; do
	eval "is 'requests of $n' 1 \"\$(sent \"\$id_$n\")\""
done
is 'requests of 5' 0 "$(sent "$id_5")"
# The stop of what stands is guarded again.
control stop "{\"symbol\":\"$(coin 1)\",\"stopLoss\":\"0\"}"
wait_for 10 held "$(coin 1)"
is_lost || fail 'the alarm is over already'
# 1 and 4 are open: two places of the four are free.
wait_for 10 connected
entry 6
entry 7
entry 8 422
got '.errors | join(" ")' | grep -q 'Max positions reached: 4' || fail "the fifth place: $(cat answer)"
stop_all
