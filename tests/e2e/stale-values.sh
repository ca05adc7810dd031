#!/bin/sh
# F82: no program looks at what it read of a state once the transaction is over.
# LMDB's pages are out of reach then (tests/stale.c), while each program works,
# starts on what is there, and the commands read it.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/limits.sh"
[ "${V:-}" != asan ] && ! ldd "$B/differ" | grep -q libasan || skip 'a sanitizer stands where this library would'
guard="env CONFINE=false LD_PRELOAD=$B/stale.so"

exchange
control limits '{"per_ip":0,"per_second":1000}'
for program in $programs; do
	for n in 1 2; do
		begin "$program" $guard
		ready "$program"
		work "$program"
		[ "$program" != webhookd ] || for path in signals positions orders; do
			curl -sS -m 5 -o "$path.json" "http://$ADMIN_LISTEN/api/$path" || fail "/api/$path"
		done
		work "$program"
		stop "$program"
	done
done

# As a pipeline: the same state read by others, and the end of the input.
for case in flip many-positions reopen-*; do
	for dir in "$top"/tests/replay/differ/$case/; do
		[ -d "$dir" ] || continue
		rm -rf replayed
		$guard "$B/differ" -d replayed <"$dir/in.ndjson" >replayed.out 2>replayed.log || fail "differ ended with $?: $dir"
		same "$dir/expect.ndjson" replayed.out
		"$B/subscribers" -d replayed add o -c stdout -t - -b 100 2>/dev/null
		$guard "$B/notifier" -d replayed </dev/null >told.out 2>told.log || fail "notifier ended with $?: $dir"
		for table in differ/events differ/positions notifier/deliveries notifier/ledger; do
			$guard "$B/statecat" -d replayed $table >table.out 2>table.log || fail "statecat ended with $?: $table"
		done
		$guard "$B/subscribers" -d replayed list >list.out 2>list.log || fail "subscribers ended with $?"
	done
done

# Entries, which are decided on three states at once; each subcommand.
for other in trade-happy subscribers-command; do
	CONFINE=false LD_PRELOAD=$B/stale.so "$top/tests/e2e/$other.sh" >"$other.log" 2>&1 || fail "$other, without what is stale"
done

# And it bites.
status=0
STALE_PROBE=1 $guard "$B/subscribers" -d replayed list >probe.out 2>probe.log || status=$?
[ "$status" -eq 139 ] || fail "a value was looked at after its transaction, and nothing came of it: $status"
