#!/bin/sh
# notifier and differ's state: it waits for it (F79), catches up after having
# been away, needs no line to see news (F25), also where differ is killed at a
# full pipe, never announces anything twice, and notices a state that is damaged,
# lost or set back (F23, F83).  A line of another state, or without one, is said.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq

"$B/subscribers" add ann -c stdout -t ann -b 9 -l en
told() {
	heads notifier.out >told
	[ "$(wc -l <told)" -ge "$1" ]
}
differ() {
	"$B/differ" >/dev/null 2>>differ.log
}
notifier() {
	[ ! -e notifier.out ] || mv notifier.out "before.$(ls | wc -l)"
	spawn notifier "$B/notifier" -i unix:n.sock
	wait_for 5 has notifier.log 'msg="ready"' "$1"
}

# Before differ ever ran; no line comes over the socket at all.
notifier 1
snap 0 '' | differ
snap 1 "$(row BTCUSDT Buy 1 1)" | differ
wait_for 5 told 1

# Away: two events meanwhile, in order, once.
kill9 notifier
snap 2 "$(row BTCUSDT Buy 2 2)" | differ
snap 3 "$(row BTCUSDT Buy 2 2),$(row ETHUSDT Sell 5 1)" | differ
notifier 2
wait_for 5 told 2
printf '%s\n' '🔼 Trade #00001 - Position increased' '🔔 Trade #00002 ⚡' >expect
same expect told
stop notifier

# As a filter: all that is there is sent before it ends, and a second run over
# the same lines sends nothing.
snap 4 "$(row BTCUSDT Buy 2 2),$(row ETHUSDT Sell 6 2)" >next
"$B/differ" <next 2>>differ.log | "$B/notifier" >filter 2>>notifier.log || fail "notifier ended with $?"
[ "$(heads filter)" = '🔼 Trade #00002 - Position increased' ] || fail "as a filter: $(cat filter)"
"$B/statecat" differ/events | "$B/notifier" >again 2>>notifier.log || fail "notifier ended with $?"
[ ! -s again ] || fail "announced twice: $(cat again)"
[ "$(balance ann)" = 7 ] || fail "ann paid for $((9 - $(balance ann))) trades, not for 2"

# Lines of another state are ignored, and that is said.
{
	category=inverse snap 0 ''
	snap 0 ''
	snap 1 "$(row XRPUSDT Buy 1 1)"
} >other
"$B/differ" -d other.d <other 2>>differ.log | "$B/notifier" >foreign 2>foreign.log || fail "notifier ended with $?"
[ ! -s foreign ] || fail "another state's signals were announced"
has foreign.log 'another journal.*-l' || fail "the log does not say so"

# Damaged: 78 with a message, and neither an empty state nor one to begin with.
cp state/differ.mdb kept.mdb
damaged() {
	status=0
	"$B/notifier" </dev/null >damaged 2>damaged.log || status=$?
	[ "$status" -eq 78 ] && has damaged.log "differ.*$2" || fail "$1: notifier ended with $status"
	[ ! -s damaged ] || fail "$1: something was announced"
	alarm journal_changed true && fail "$1: taken for another state"
	return 0
}
: >state/differ.mdb
damaged 'an empty file' 'is empty'
head -c 5000 kept.mdb >state/differ.mdb
damaged 'a file cut short' 'cut short'
LC_ALL=C sed 's/"action":"INC/"action":<INC/g' kept.mdb >state/differ.mdb
cmp -s kept.mdb state/differ.mdb && fail "no event was found to damage"
damaged 'an event that is not JSON' 'last event cannot be read'
cp kept.mdb state/differ.mdb
"$B/notifier" </dev/null >copy.out 2>>notifier.log || fail "notifier ended with $?"
[ ! -s copy.out ] || fail "the copy was taken for news"

# One in the middle, and the one behind it gives another number: the rest is
# announced, and the operator is told which are lost, also by the next start.
export STATE_DIR="$T/middle.d"
"$B/subscribers" add ann -c stdout -t ann -b 9 -l en
snap 0 '' | differ
for n in 1 2 3 4 5 6; do snap "$n" "$(row BTCUSDT Buy "$n" "$n")" | differ; done
cp -r middle.d whole.d
cp middle.d/differ.mdb kept.mdb
LC_ALL=C sed 's/"seq":3,/"seq":3;/g; s/"seq":4,/"seq":9,/g' kept.mdb >middle.d/differ.mdb
rm middle.d/differ.mdb-lock
"$B/notifier" </dev/null >middle 2>middle.log || fail "notifier ended with $?: an event in the middle"
jq -r 'select(.text) | .seq' middle | paste -sd ' ' >got
echo 1 2 5 6 | same - got
has middle.log 'level=warn.*event 3 of differ' || fail "event 3: the log does not say why"
has middle.log 'level=warn.*event 4 of differ.*event 9' || fail "event 4: the log does not say why"
"$B/statecat" notifier/alarms | grep -q '"alarm":"events_lost","open":true.*events 3 to 4 of' || fail "what was lost is no alarm"
[ "$("$B/statecat" notifier/health | jq .skipped)" = 2 ] || fail "what was lost is not counted"
# Behind a filter there may be gaps.
STATE_DIR=$T/whole.d
"$B/statecat" differ/events | grep -v '"seq":[34],' | "$B/notifier" -l >gaps 2>>notifier.log || fail "notifier ended with $?"
[ "$(grep -c '"text"' gaps)" -eq 4 ] || fail "behind a filter: $(cat gaps)"
alarm events_lost true && fail "a gap behind a filter is no loss"
STATE_DIR=$T/state

# Set back to an older copy: no number is announced with another meaning.
cp state/differ.mdb kept.mdb
snap 5 "$(row BTCUSDT Buy 3 3),$(row ETHUSDT Sell 6 2)" | differ
"$B/notifier" </dev/null >>notifier.out 2>>notifier.log
cp kept.mdb state/differ.mdb
spawn back "$B/notifier" -i unix:n.sock
wait_for 5 has back.log 'alarm=events_back'
wait_for 5 alarm events_back true
{
	snap 6 "$(row BTCUSDT Buy 4 4),$(row ETHUSDT Sell 6 2)"
	snap 7 "$(row BTCUSDT Buy 5 5),$(row ETHUSDT Sell 6 2)"
} | differ
wait_for 5 alarm events_back false
stop back
[ "$(heads back.out | wc -l)" -eq 1 ] || fail "a number was announced with another meaning: $(cat back.out)"

# Lost: noticed, nothing old announced, and it goes on.
rm -f state/differ.*
{
	snap 10 "$(row BTCUSDT Buy 4 4)"
	snap 11 "$(row BTCUSDT Buy 4 4),$(row SOLUSDT Buy 1 1)"
} | differ
"$B/notifier" </dev/null >lost 2>lost.log || fail "notifier ended with $?"
[ "$(heads lost)" = '🔔 Trade #00002 ⚡' ] || fail "after the loss: $(cat lost)"
has lost.log 'level=error.*another one' || fail "the loss is not logged"
alarm journal_changed true || fail "the loss is no alarm"

# Lines and no state at all: 78, and nobody was told.
status=0
signal 1 1 OPEN | "$B/notifier" -d none >none.out 2>none.log || status=$?
[ "$status" -eq 78 ] && has none.log 'use -l' || fail "without a state it ended with $status"
status=0
"$B/notifier" -d none </dev/null >none.out 2>none.log || status=$?
[ "$status" -eq 0 ] || fail "without a state and without lines it ended with $status"

# A reader that reads nothing fills the pipe; differ is killed in the middle of
# it, and what it never said is in the state: every event once, in order (F25).
export STATE_DIR="$T/full.d"
"$B/subscribers" add ann -c stdout -t ann -b 400 -l en
rows() { # SIZE: of 300 symbols
	for n in $(seq 300); do
		printf '%s' "${comma:-}"
		row "A${n}USDT" Buy "$1" "$1"
		comma=,
	done
}
{
	snap 0 ''
	snap 1 "$(rows 1)"
	snap 2 "$(rows 2)"
} >many
mkfifo full
exec 8<>full
spawn differ sh -c 'exec "$1" <many >full' sh "$B/differ"
committed() { [ "$("$B/statecat" differ/events | wc -l)" -ge 300 ]; }
wait_for 10 committed
# 300 lines are more than the pipe holds: it cannot get to its end.
sleep 0.3
kill -0 "$(pid_of differ)" || fail "differ ended though nobody reads"
kill9 differ
"$B/differ" <many 2>>differ.log | "$B/notifier" >full.out 2>>notifier.log || fail "notifier ended with $?"
jq -r 'select(.text) | .seq' full.out >got
seq 600 | same - got
[ "$(balance ann)" -eq 100 ] || fail "ann paid for $((400 - $(balance ann))) trades, not for 300"
