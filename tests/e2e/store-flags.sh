#!/bin/sh
# A commit is on the disk before the line that tells of it is written (F80),
# and no flag of LMDB that weakens commits or that is known to be broken is in
# use (F73, F80, F81).
. "$(dirname "$0")/../lib.sh"

if grep -nE 'MDB_(WRITEMAP|NOSYNC|NOMETASYNC|MAPASYNC|DUPSORT|NOTLS|FIXEDMAP)' \
    "$top"/common/*.c "$top"/differ/*.c "$top"/notifier/*.c >&2; then
	fail "a flag that must not be used"
fi
# stale.c and badread.c stand before LMDB on purpose.
if grep -ln 'lmdb.h' "$top"/common/*.[ch] "$top"/*/*.[ch] | grep -vE '/store[a-z_]*\.[ch]$|/tests/(stale|badread)\.c$' >&2; then
	fail "LMDB is used outside of the store"
fi

requires strace
strace -f -o /dev/null true 2>/dev/null || skip "strace may not trace here"
# A traced process cannot look for leaks.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
printf '{"type":"positions","time":"2026-03-02T10:00:00.000Z","account":"main","category":"linear","settle_coin":"USDT","positions":[{"positionIdx":0,"symbol":"BTCUSDT","side":"Buy","size":"1","avgPrice":"100","positionStatus":"Normal","leverage":"10","markPrice":"110","seq":1,"updatedTime":"1772445540000"}],"closed_pnl":[]}\n' |
	strace -f -e trace=write,pwrite64,fdatasync,msync -o trace "$B/differ" -d state >signals 2>differ.log ||
	fail "differ: $(cat differ.log)"
has signals '"action":"OPEN"' || fail "no signal: $(cat signals)"
synced=$(grep -n 'fdatasync' trace | cut -d: -f1 | head -n 100 | tr '\n' ' ')
# To a plain user strace does not show what is written: a stage is not dumpable.
line=$(grep -n 'write(1, ' trace | cut -d: -f1 | head -n 1)
[ -n "$line" ] || fail "no write to standard output in the trace"
before=0
for at in $synced; do
	[ "$at" -gt "$line" ] || before=$at
done
[ "$before" -gt 0 ] || fail "the line was written before the commit was synced"
# What comes between the last sync and the line is the meta page alone, which
# is written through a descriptor that syncs by itself.
