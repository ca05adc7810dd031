#!/bin/sh
# A sample of what `make failcalls` runs: one call that fails, or the power that
# goes, a run, in each program.  Of statecat, which opens, checks and reads a
# state as all of them do, each call that our own code makes.
. "$(dirname "$0")/../lib.sh"
requires jq curl perl
[ "${V:-}" != asan ] || skip 'the allocator of the sanitizers takes the place of what fails'
export JOBS=$(($(nproc) * 2))
"$top/tests/fail/run" -s 20 -S 1 -o '^own.*(error|cut|other|intr)$' statecat || fail 'statecat: see above'
"$top/tests/fail/run" -s 35 -S 1 || fail 'a call that fails does harm: see above'
