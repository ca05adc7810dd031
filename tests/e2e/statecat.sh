#!/bin/sh
# statecat: a table by its name, with and without its stage, following, and
# what it says when there is nothing to print.
. "$(dirname "$0")/../lib.sh"

# A snapshot of BTCUSDT with this second of a minute, size and seq.
snapshot() {
	printf '{"type":"positions","time":"2026-03-02T10:00:%s.000Z","account":"main","category":"linear","settle_coin":"USDT","positions":[{"positionIdx":0,"symbol":"BTCUSDT","side":"Buy","size":"%s","avgPrice":"100","positionStatus":"Normal","leverage":"10","markPrice":"110","seq":%s,"updatedTime":"1772445540000"}],"closed_pnl":[]}\n' "$1" "$2" "$3"
}

status() {
	expected=$1
	shift
	got=0
	"$@" >out 2>err || got=$?
	[ "$got" -eq "$expected" ] || fail "'$*' ended with $got, not $expected: $(cat err)"
}

# Nothing there: 78.  The folder is not made by looking.
status 78 "$B/statecat" -d state events
grep -q 'unable to read the state folder state: .* -d DIR, or STATE_DIR' err || fail "no folder: $(cat err)"
[ ! -e state ] || fail "statecat made the folder"
mkdir -m 700 state
status 78 "$B/statecat" -d state events
grep -q 'holds no state' err || fail "empty folder: $(cat err)"

snapshot 00 1 1 >in
snapshot 10 2 2 >>in
snapshot 20 3 3 >>in
"$B/differ" -d state <in >signals 2>differ.log || fail "differ: $(cat differ.log)"
[ "$(wc -l <signals)" -eq 3 ] || fail "$(wc -l <signals) signals, not 3"

# The rows of the journal are the lines that went out.
status 0 "$B/statecat" -d state events
same signals out
status 0 "$B/statecat" -d state differ/events
same signals out
STATE_DIR=state "$B/statecat" signals >out || fail "STATE_DIR is not used"
has out '"signal_number":1'
printf 'STATE_DIR=state\n' >settings
status 0 "$B/statecat" -e settings events
same signals out
status 0 "$B/statecat" -d state health
has out '"stage":"differ".*"ended":true' || fail "health: $(cat out)"
status 0 "$B/statecat" -d state alarms

# Usage.
status 64 "$B/statecat" -d state nothing
grep -q "there is no table 'nothing' in state; there are:.* differ/events" err ||
	fail "unknown table: $(cat err)"
# All of them, however many there are.
"$B/subscribers" -d state add ann -c stdout -t x || fail 'subscribers'
status 64 "$B/statecat" -d state nothing
grep -q "there are: differ/.* notifier/told\"" err || fail "unknown table: $(cat err)"
rm state/notifier.*
status 64 "$B/statecat" -d state notifier/events
status 64 "$B/statecat" -d state
grep -q '^usage: statecat' err || fail "no usage: $(cat err)"
status 64 "$B/statecat" -d state events signals
status 64 "$B/statecat" -d state /events
status 64 "$B/statecat" -x events
status 0 "$B/statecat" -h
grep -q '^usage: statecat' out || fail "-h: $(cat out)"
status 0 "$B/statecat" -V
status 78 "$B/statecat" -e none events

# Following: what is there, then what comes, until TERM.
spawn follow "$B/statecat" -d state -f events
wait_for 5 has follow.out '"seq":3'
snapshot 30 4 4 >more
"$B/differ" -d state <more >>signals 2>>differ.log
wait_for 5 has follow.out '"seq":4'
stop follow
same signals follow.out

# A state that is taken away under it is told, not followed blindly.
spawn follow "$B/statecat" -d state -f events
wait_for 5 has follow.out '"seq":4'
mv state/differ.mdb kept
ended follow 78
has follow.log 'removed or replaced' || fail "follow: $(cat follow.log)"
mv kept state/differ.mdb

# Nobody reads: 74.  A full disk: 74.
if [ -w /dev/full ]; then
	got=0
	"$B/statecat" -d state events >/dev/full 2>err || got=$?
	[ "$got" -eq 74 ] || fail "a full disk gave $got"
fi
mkfifo pipe
spawn follow sh -c '"$0" -d state -f events >pipe' "$B/statecat"
head -n 1 <pipe >/dev/null
ended follow 74

# Damage is told, and what it is (F84).
head -c 9000 state/differ.mdb >cut
cp cut state/differ.mdb
status 78 "$B/statecat" -d state events
grep -q 'differ.mdb .*cut short' err || fail "damage: $(cat err)"
