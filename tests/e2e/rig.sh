#!/bin/sh
# The kill rig for a short while: a seeded mix of market moves, alerts, faults,
# kill -9, SIGSTOP and restarts, judged from the journals.  The seed is printed;
# SEED and LENGTH (seconds) repeat a run.  `make soak` has more of it.
command -v bash >/dev/null || { echo 'rig: skipped: bash is not installed'; exit 77; }
exec bash "$(dirname "$0")/../rig/run" "${SEED:-$(($(date +%s) % 100000))}" "${LENGTH:-40}"
