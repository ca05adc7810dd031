#!/bin/sh
# F77: LMDB tells processes by their pid, so two in pid namespaces of their own,
# with the same pid, are one to it.  Who reads is told so; in one namespace they
# work together.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/differ.sh"
[ "$(id -u)" -eq 0 ] && unshare -pf true 2>/dev/null || skip 'no pid namespace can be made here'

export STATE_DIR="$T/state" STATE_MAP_SIZE=64M
mkfifo in
# Each is pid 1 of its own.
spawn differ unshare -pf --kill-child sh -c 'exec "$0" <in' "$B/differ"
exec 4>in
recording 3 >&4
wait_for 10 has differ.out '"seq":1,'
cat >alert <<'EOF'
{"type":"alert","id":"ffffffffffffffffffffffffffffffff","time":"2026-11-21T10:30:00.000Z","action":"buy","symbol":"BTCUSDT","trend_composite":"4","price":"1"}
EOF
status=0
unshare -pf --kill-child "$B/statecat" events >reader.out 2>reader.log || status=$?
[ "$status" -eq 74 ] && has reader.log 'level=error.*one pid namespace' || fail "statecat in another namespace: $status $(cat reader.log)"
unshare -pf --kill-child "$B/risker" <alert >refused.out 2>risker.log || fail "risker in another namespace ended with $?"
has risker.log 'unable to read the state of differ, refusing entries.*one pid namespace' || fail 'risker does not say why'
has refused.out '"code":422' || fail "an entry was decided on nothing: $(cat refused.out)"

"$B/statecat" events >events || fail 'statecat in the same namespace'
[ "$(wc -l <events)" -eq 2 ] || fail "there are $(wc -l <events) events"
exec 4>&-
ended differ 0
