#!/bin/sh
# Both pipelines come to each of the kill points K1 to K14 in turn, die there, and
# are started again by runit; judged from the journals. `make killpoints` has
# them one by one, stopped as well as killed, started once and three times.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
here=$(dirname "$0")
command -v bash >/dev/null || { echo 'rig-points: skipped: bash is not installed'; exit 77; }
"$here/../rig/points" kill 1 >"$work/plan"
bash "$here/../rig/run" -p "$work/plan" points
