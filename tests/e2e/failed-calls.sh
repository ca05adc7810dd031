#!/bin/sh
# A sample of what `make failcalls` runs: one call that fails, or the power that
# goes, a run, in each program.  Of statecat, which opens, checks and reads a
# state as all of them do, each call that our own code makes.  With the sanitizers
# calls of our own code alone: what is leaked then is ours.
. "$(dirname "$0")/../lib.sh"
requires jq curl perl
export JOBS=$(($(nproc) * 2))
if [ "${V:-}" = asan ]; then
	"$top/tests/fail/run" -s 15 -S 1 -o '^own.* error$' || fail 'a call that fails does harm: see above'
	exit 0
fi
"$top/tests/fail/run" -s 10 -S 1 -o '^own.*(error|cut|other|intr)$' statecat || fail 'statecat: see above'
# A commit of trader's that fails half way, when it has no order.
"$top/tests/fail/one" trader write:9 error || fail 'trader: see above'
"$top/tests/fail/run" -s 20 -S 1 || fail 'a call that fails does harm: see above'
