#!/bin/sh
# A sample of what `make failcalls` runs: one call that fails, or the power that
# goes, a run, in each program.
. "$(dirname "$0")/../lib.sh"
requires jq curl perl
JOBS=$(($(nproc) * 2)) "$top/tests/fail/run" -s 40 -S 1 || fail 'a call that fails does harm: see above'
