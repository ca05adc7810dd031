#!/bin/sh
# F25: differ killed inside a transaction (K4), with events computed and not
# committed (K11), and committed and not written (K12), at each commit in turn.
# The next start takes the same input again: the journal has every event once,
# without a gap, and what was written is part of it.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/differ.sh"
kill_points differ

recording 6 >in.ndjson
"$B/differ" -d whole <in.ndjson >whole.out 2>whole.log
events whole >expected
[ "$(wc -l <expected)" -eq 5 ] || fail 'the recording makes other events'
same expected whole.out

# One line a commit: each is sent when the one before was taken, or nobody is
# there to take it.
feed() {
	feed_n=0
	while IFS= read -r line; do
		printf '%s\n' "$line" 2>/dev/null
		feed_n=$((feed_n + 1))
		until [ -e over ] || "$B/statecat" -d state differ/health 2>/dev/null | grep -q "\"lines\":$feed_n,"; do
			sleep 0.01
		done
	done <in.ndjson
}

for point in K4 K11 K12; do
	for nth in 1 2 3 5; do
		rm -rf state over
		status=0
		feed | {
			SLUICE_KILL=$point:$nth "$K/differ" -d state >first.out 2>first.log || status=$?
			: >over
			exit "$status"
		} || status=$?
		[ "$status" -eq 137 ] || fail "$point:$nth: ended with $status, not by the signal"
		"$B/differ" -d state <in.ndjson >second.out 2>second.log ||
		    fail "$point:$nth: the next start failed"
		events >journal
		same expected journal
		cat first.out second.out >said
		# K12 alone may leave an event unsaid: readers have the journal.
		sort said | uniq -d | grep . && fail "$point:$nth: said twice"
		while IFS= read -r line; do
			grep -qxF -- "$line" expected || fail "$point:$nth: said and not in the journal"
		done <said
		[ "$point" = K12 ] || [ "$(wc -l <said)" -eq 5 ] ||
		    fail "$point:$nth: not everything was said"
	done
done

# Killed again and again at the start of its work, it still gets on.
rm -rf state
for _ in 1 2 3; do
	for point in K11 K4; do
		status=0
		SLUICE_KILL=$point "$K/differ" -d state <in.ndjson >first.out 2>first.log || status=$?
		[ "$status" -eq 137 ] || fail "$point: ended with $status, not by the signal"
	done
done
"$B/differ" -d state <in.ndjson >last.out 2>last.log
events >journal
same expected journal

# Stopped inside a transaction: readers are not held up.
rm -rf state
recording 3 >three
SLUICE_KILL=K4:1:stop spawn stopped sh -c 'exec "$1" -d state <three' sh "$K/differ"
wait_for 10 is_stopped stopped
timeout 5 "$B/statecat" -d state differ/health >health 2>statecat.log ||
    fail 'a reader waits for a stopped writer'
kill9 stopped
