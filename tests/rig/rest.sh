# tests/rig/rest.sh - the end of a run: everything comes to rest, is judged and
# counted.  Sourced by tests/rig/run.

# violation TEXT: one that the journals do not tell.
violation() {
	printf '%s\n' "$*" >>violations
}

# unsettled: the alerts whose clients do not know yet what became of them.
unsettled() {
	awk 'FILENAME == "never" { never[$1]; next } !($1 in never) { best[$1] = best[$1] " " $2 } END { for (n in best) if (best[n] !~ / (200|4[0-9][0-9])/) print n }' never answers | sort -n
}
all_run() {
	for stage in $stages; do
		now_is "$stage"
		[ "$is" = run ] && check "$stage" || return 1
	done
}
settled() {
	for n in $(unsettled); do
		client "$n"
	done
	[ -z "$(unsettled)" ]
}
# at_rest: no order, no event and no message is under way.
at_rest() {
	resolved && [ -z "$("$B/statecat" -d "$S" notifier/pending)" ]
}
# before SECONDS COMMAND...: whether it succeeds within that time.
before() {
	local end
	now
	end=$((now + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		now
		[ "$now" -lt "$end" ] || return 1
		sleep 0.3
	done
}

come_to_rest() {
	did rest
	step_continue $stages
	for path in clear delay hide; do
		step_control $path '{"closed_pnl":false}'
	done
	step_resume
	for stage in $stages; do
		rm -f "$SVDIR/$stage/failures"
		[ ! -e "$SV/alarm/$stage.down" ] || violation "$stage was taken down: $(cat "$SV/alarm/$stage.down")"
	done
	for job in $(jobs -p); do
		case " $(pid_of exchange) $(pid_of runsvdir) " in *" $job "*) ;; *) wait "$job" || : ;; esac
	done
	did settling
	before 30 all_run || violation "not all run again: $(sv status $stages)"
	before 30 connected || violation "no alert gets through: $STATUS $(cat trial.answer 2>/dev/null)"
	before 90 settled || violation "alerts without an outcome: $(unsettled | paste -sd ' ')"
	did settled
	before 90 at_rest || violation "not at rest: orders '$(row trader/orders 'select(.state == "sent") | .order_link_id' | paste -sd ' ')'," \
	    "messages '$("$B/statecat" -d "$S" notifier/pending | head -n 3)'"
	did resting
	before 75 decided || [ -s judgement ] || violation "the judge fails: $(cat judge.log)"
	did judged
	bounds
	sv stop $stages >/dev/null 2>&1 || violation "not stopped: $(sv status $stages)"
	ends
}

# judged: the journals up to here, and the state.
judged() {
	(cd ids && ls >../ids.list && [ ! -s ../ids.list ] || xargs sha256sum <../ids.list) | awk '{ print $2, substr($1, 1, 32) }' >numbers
	awk 'NR == FNR { id[$1] = $2; next }
	    { status = $2; text = $0; sub(/^[^ ]* [^ ]* /, "", text)
	      printf "{\"id\":\"%s\",\"status\":%d,\"answer\":%s}\n", id[$1], status, text ~ /^\{.*\}$/ ? text : "{}" }' \
	    numbers answers >"$clients"
	cut -d ' ' -f 2 numbers >posted.ids
	awk 'NR == FNR { id[$1] = $2; next } { print id[$1] }' numbers never >never.ids 2>/dev/null || : >never.ids
	"$B/subscribers" -d "$S" export >export.ndjson || return 1
	"$B/statecat" -d "$S" notifier/ledger >ledger.ndjson || return 1
	B=$B "$top/tests/rig/judge" "$T" >judgement 2>judge.log
}

# decided: time makes no difference any more: nothing is missing.
decided() {
	judged || { [ -s judgement ] && ! grep -qE '^I5|^I2|got nothing|^B' judgement; }
}

# I6: descriptors, memory and files.  A sanitizer's memory is its own.
bounds() {
	local fds kb
	for stage in $stages; do
		now_is "$stage"
		fds=$(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)
		kb=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
		[ "$fds" -le 64 ] || violation "I6: $stage has $fds descriptors open"
		[ "${V:-}" = asan ] || [ "${kb:-0}" -le 65536 ] || violation "I6: $stage takes $kb kB"
		echo "$stage $fds $kb" >>bounds
	done
	find "$S/" -type f -printf '%f\n' | sort >files
	! grep -vxE '(differ|notifier|risker|trader|webhookd)\.(lock|mdb|mdb-lock)|halt' files >strange ||
	    violation "I6: left in the state folder: $(paste -sd ' ' strange)"
	[ "$(du -sk "$S/" | cut -f 1)" -le 65536 ] || violation "I6: the state takes $(du -sk "$S/" | cut -f 1) kB"
	[ "$(find "$SV/run" -mindepth 1 | wc -l)" -le 10 ] || violation "I6: left beside the sockets: $(ls "$SV/run" | paste -sd " ")"
}

# How each life of a stage ended: killed, or in an orderly way; told to end before
# it was ready to hear that (15), or twice (75).
ends() {
	for stage in $stages; do
		cat "$SV/log/$stage/"* 2>/dev/null | awk '/ended with/ && !/signal (9|15)[:"]/ && !(second && /exit code 75:/)
		    /ended with/ { second = 0 } /second signal/ { second = 1 }' >bad.ends
		while IFS= read -r line; do
			violation "$stage: $line"
		done <bad.ends
	done
	grep -h -E 'Sanitizer|runtime error:' "$SV"/log/*/* >sanitizer 2>/dev/null || return 0
	violation "sanitizer: $(head -n 1 sanitizer)"
}

# fail TEXT: as for any test, and what there is is kept.
fail() {
	violation "the rig: $*"
	verdict || exit 1
}

count() {
	grep -c -- "$@" 2>/dev/null || :
}
verdict() {
	now
	cat violations judgement >found 2>/dev/null || :
	sed "s/^/$name: /" found >&2
	figures="seconds=$((now / 1000 - begun / 1000)) kills=$(count '"kill run"' did.ndjson) finish=$(count '"kill finish"' did.ndjson) stops=$(count '"stop"' did.ndjson)"
	figures="$figures restarts=$(count '"restart"' did.ndjson) faults=$(count '"fault ' did.ndjson) alerts=$(ls bodies | wc -l) posts=$(wc -l <answers)"
	figures="$figures orders=$(count '"booked":true' "$JOURNAL") events=$(cat events.n 2>/dev/null) messages=$(count '"delivered":true' "$JOURNAL")"
	figures="$figures repeats=$(cat repeats.n 2>/dev/null) violations=$(wc -l <found)"
	if [ -s found ]; then
		rm -rf "$keep"
		mkdir -p "$keep"
		cp -rL ./*.ndjson ./*.out ./*.log ./*.ids plan answers found files bounds bodies numbers "$keep" 2>/dev/null || :
		cp -r "$S/" "$keep/state"
		cp -r "$SV/log" "$keep/log"
		rm -f "$keep/log"/*/lock
		say "what there was is kept in $keep; again: tests/rig/run -p $keep/plan"
	fi
	printf '%s\n' "$figures"
	[ ! -s found ]
}
