# shellcheck shell=bash
# tests/bench/signals.sh - from snapshots to signals.

signals_begin() {
	lines=$work/lines.ndjson
	"$O/genlines" >"$lines" 2>"$work/signals"
	"$O/genlines" -n 20000 -c 9600 >"$work/long.ndjson" 2>/dev/null
	"$O/genlines" -n 400 -m 1 -c 399 >"$work/single.ndjson" 2>/dev/null
	expected=$(cat "$work/signals")
}

signals_end() { :; }

fresh() { rm -rf "$work/state" && mkdir -m 700 "$work/state"; }

signals_round() {
	# Filtering a recorded file, state stored.
	note cjson "$("$O/measure" -i "$lines" "$O/floor" parse | field 1)"
	fresh
	took=$("$O/measure" -i "$lines" -o "$work/out" "$O/differ" -d "$work/state")
	note differ "$(field 1 <<<"$took")"
	note differ_peak "$(field 2 <<<"$took")"
	[ "$(wc -l <"$work/out")" -eq "$expected" ] || {
		echo "tests/bench/run: differ wrote $(wc -l <"$work/out") signals of $expected" >&2
		exit 1
	}
	note jq "$("$O/measure" -i "$lines" -o /dev/null jq -c . | field 1)"

	# Memory: a file four times as long; an idle process with LMDB open.
	fresh
	note differ_long_peak "$("$O/measure" -i "$work/long.ndjson" -o /dev/null "$O/differ" -d "$work/state" | field 2)"
	fresh
	note idle_peak "$("$O/measure" -i /dev/null "$O/floor" hold "$work/state" | field 2)"

	# Start-up, to the end of an empty input.
	fresh
	note idle_start "$("$O/measure" "$O/floor" idle "$work/state" | field 1)"
	fresh
	note differ_start "$("$O/measure" -i /dev/null "$O/differ" -d "$work/state" | field 1)"

	# One line at a time: in, committed, out.
	fresh
	took=$("$O/measure" -l "$work/single.ndjson" "$O/differ" -d "$work/state")
	note line_p50 "$(field 1 <<<"$took")"
	note line_p99 "$(field 2 <<<"$took")"
	fresh
	note commit "$("$O/floor" commit "$work/state" 400)"
}

signals_report() {
	local commits
	# Group commit: how many transactions the whole file took.
	fresh
	"$O/differ" -d "$work/state" <"$lines" >/dev/null
	commits=$(mdb_stat -n -e "$work/state/differ.mdb" | sed -n 's/.*Last transaction ID: //p')

	printf '%d lines of 20 positions, %d bytes, %d signals; %d rounds\n\n' \
	    "$(wc -l <"$lines")" "$(wc -c <"$lines")" "$expected" "$rounds"
	printf '%-58s %8s %8s %8s   %s\n' 'ratio, round by round' median least most goal
	ratio 'speed: differ, stored / cJSON alone, eight fields' cjson differ '>= 0.6'
	ratio 'speed: differ, stored / jq -c .' jq differ '>= 10'
	ratio 'peak memory: differ / idle with LMDB' differ_peak idle_peak '<= 1.5'
	ratio 'peak memory: differ, a file four times as long / idle' differ_long_peak idle_peak '<= 1.5'
	ratio 'start: differ / empty LMDB program' differ_start idle_start '<= 3'
	printf '\n%-58s %8s %8s %8s   %s\n' figure median least most unit
	figure 'a lone line, in to out, p50' line_p50 us
	figure 'a lone line, in to out, p99' line_p99 us
	figure 'one durable commit of LMDB, p50' commit us
	printf '%-58s %8d\n' 'commits for the whole file' "$commits"
}
