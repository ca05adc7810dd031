#!/bin/sh
# risker killed inside its transaction (K4) and with the decision committed and
# its line not written (K5); the same lines again give what an unbroken run
# gives, byte for byte, and no id gets a second decision (F03, F52).
#
# Not tested: what trader makes of it (trade-kill-risker.sh).
. "$(dirname "$0")/../lib.sh"
requires jq
cases=$top/tests/replay/risker/fifty-at-once
while IFS= read -r setting; do
	export "${setting?}"
done <"$cases/env"

# state DIR: what the alerts are decided on.
state() {
	"$B/differ" -d "$1" <"$cases/base" 2>differ.log
}

state whole
"$B/risker" -d whole <"$cases/in.ndjson" >whole.out 2>whole.log
same "$cases/expect.ndjson" whole.out
kill_points risker

# One line a run, so that each point is met at the first alert, then at the
# second; and all of them in one.
for point in K4 K5; do
	for n in 1 3 50; do
		state "$point-$n"
		head -n "$n" "$cases/in.ndjson" >some
		status=0
		SLUICE_KILL=$point "$K/risker" -d "$point-$n" <some >some.out 2>some.log || status=$?
		[ "$status" -eq 137 ] || fail "$point: ended with $status, not by the signal"
		[ ! -s some.out ] || fail "$point: a line came out all the same"
		"$B/statecat" -d "$point-$n" risker/decisions >before 2>statecat.log
		case $point in
		K4) [ ! -s before ] || fail "$point: a decision without its commit" ;;
		K5) [ "$(wc -l <before)" -eq "$n" ] || fail "$point: a decision is missing" ;;
		esac
		"$B/risker" -d "$point-$n" <"$cases/in.ndjson" >again.out 2>again.log
		same "$cases/expect.ndjson" again.out
		"$B/statecat" -d "$point-$n" risker/decisions >after
		[ "$(wc -l <after)" -eq 50 ] || fail "$point: other decisions than alerts"
		is_true -s 'map(.id) | unique | length == 50' after || fail "$point: an id twice"
		[ "$("$B/statecat" -d "$point-$n" risker/days | jq .entries)" -eq 3 ] ||
		    fail "$point: an entry was counted twice"
	done
done

