#!/bin/sh
# The state's files: F23 (lost or damaged), a second instance, -n, exit codes.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/differ.sh"

# status EXPECTED COMMAND...: it must end with that status and say why.
status() {
	status_want=$1
	shift
	status_got=0
	"$@" >status.out 2>status.log </dev/null || status_got=$?
	[ "$status_got" -eq "$status_want" ] || fail "$*: status $status_got, expected $status_want"
	[ "$status_want" -eq 0 ] || [ -s status.log ] || fail "$*: said nothing"
}
journal() {
	events "$1" | sed -n 's/.*"journal":"\([0-9a-f]*\)".*/\1/p' | sort -u
}

status 64 "$B/differ" -x
status 64 "$B/differ" operand
status 0 "$B/differ" -h
grep -q '^usage: differ ' status.out || fail 'no usage'
status 0 "$B/differ" -V
status 78 env STATE_MAP_SIZE=lots "$B/differ" -d state
grep -q 'STATE_MAP_SIZE=lots' status.log || fail 'the setting and its value are not named'
status 0 "$B/differ" -n -d state
[ ! -e state/differ.mdb ] || fail '-n made a state'

recording 4 >in.ndjson
"$B/differ" -d state <in.ndjson >out 2>log || fail 'the recording failed'
status 0 "$B/differ" -n -d state
first=$(journal state)
[ "${#first}" -eq 8 ] || fail "journal '$first'"
want=$(head -n 1 in.ndjson | tr -d '\n' | sha256sum | cut -c 1-8)
[ "$first" = "$want" ] || fail "journal $first, expected $want"

# The state goes on; the number of an event is never used twice.
{ cat in.ndjson; snap 30 "$(row BTCUSDT Buy 9 100 9)"; } | "$B/differ" -d state >out 2>log
grep -q '"seq":4,.*"action":"INCREASE".*"journal":"'"$first"'"' out || fail 'the state did not go on'
[ "$(wc -l <out)" -eq 1 ] || fail 'what was known came out again'

# F23: lost, and built from other lines: another journal, and initial trades.
cp -R state kept
rm -rf state
snap 40 "$(row BTCUSDT Buy 9 100 9)" | "$B/differ" -d state >out 2>log
grep -q '"seq":1,.*"initial":true' out || fail 'the first snapshot is not initial'
[ "$(journal state)" != "$first" ] || fail 'a lost state has the same journal'
# … and built again from the same recording: the same one.
rm -rf state
"$B/differ" -d state <in.ndjson >out 2>log
[ "$(journal state)" = "$first" ] || fail 'the same recording has another journal'

# F23: damaged is an error with a message, and never an empty state.
damaged() {
	status 78 "$B/differ" -d broken
	status 78 "$B/differ" -n -d broken
	grep -q broken status.log || fail "$1: the state is not named"
	: >damage.log
}
for at in 0 16 4096 4112; do
	rm -rf broken && cp -R kept broken
	printf '\377\376\375\374\373\372\371\370' |
	    dd of=broken/differ.mdb bs=1 seek=$at conv=notrunc 2>/dev/null
	got=0
	"$B/differ" -d broken </dev/null >out 2>log || got=$?
	case $got in
	78) ;;
	0) # One of the two meta pages may be lost: the other one has it all.
		events broken >after 2>/dev/null || :
		[ -s after ] || fail "bytes at $at flipped: taken for an empty state"
		;;
	*) fail "bytes at $at flipped: status $got" ;;
	esac
done
rm -rf broken && cp -R kept broken
head -c 5000 kept/differ.mdb >broken/differ.mdb
damaged 'a file cut short'
rm -rf broken && cp -R kept broken
: >broken/differ.mdb
damaged 'an empty file'
# A row of the table of positions whose text is no JSON any more.
rm -rf broken && cp -R kept broken
LC_ALL=C sed 's/{"account":"main","category":"linear","settle_coin":"USDT","symbol"/<"account":"main","category":"linear","settle_coin":"USDT","symbol"/g' \
    kept/differ.mdb >broken/differ.mdb
cmp -s kept/differ.mdb broken/differ.mdb && fail 'the row was not found'
damaged 'a row that is not JSON'
grep -q positions status.log || fail 'the table is not named'

# A second instance says who holds the state, also while that one is stopped.
spawn one "$B/differ" -d held -i unix:one.sock
wait_for 10 has one.log 'msg="ready"'
for sign in CONT STOP; do
	kill -"$sign" "$(pid_of one)"
	status 75 "$B/differ" -d held
	grep -q "$(pid_of one)" status.log || fail 'who holds the state is not said'
done
kill -CONT "$(pid_of one)"
stop one
status 0 "$B/differ" -d held
