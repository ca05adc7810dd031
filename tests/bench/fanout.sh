# tests/bench/fanout.sh - who gets an event: chosen, charged and committed.

fanout_begin() { :; }

fanout_end() { :; }

fanout_round() {
	local took n
	for n in 10000 100000; do
		rm -rf "$work/state" && mkdir -m 700 "$work/state"
		took=$("$O/fanout" "$work/state" "$n")
		note "fanout_open_$n" "$(field 1 <<<"$took")"
		note "fanout_scan_$n" "$(field 2 <<<"$took")"
		note "fanout_close_$n" "$(field 3 <<<"$took")"
		note "fanout_peak_$n" "$(field 4 <<<"$took")"
	done
}

fanout_report() {
	printf 'An OPEN to all subscribers, one to 100 of them, the CLOSE to those 100; %d rounds\n\n' "$rounds"
	printf '%-58s %8s %8s %8s   %s\n' 'figure' median least most unit
	figure '100,000 subscribers: OPEN to all, charged, committed' fanout_open_100000 'us, goal <= 2000000'
	figure '100,000 subscribers: OPEN to 100 of them' fanout_scan_100000 us
	figure '100,000 subscribers: CLOSE to those 100' fanout_close_100000 us
	figure '10,000 subscribers: OPEN to all' fanout_open_10000 us
	figure '10,000 subscribers: CLOSE to 100' fanout_close_10000 us
	figure '100,000 subscribers: peak memory' fanout_peak_100000 KiB
	figure '10,000 subscribers: peak memory' fanout_peak_10000 KiB
	printf '\n%-58s %8s %8s %8s   %s\n' 'ratio, round by round' median least most goal
	ratio 'CLOSE to 100: of 100,000 / of 10,000 subscribers' fanout_close_100000 fanout_close_10000 'about 1'
	ratio 'OPEN to all: 100,000 / 10,000 subscribers' fanout_open_100000 fanout_open_10000 'about 10'
}
