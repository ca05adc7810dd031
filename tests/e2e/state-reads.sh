#!/bin/sh
# A read that fails is not the answer that nothing is there: a state whose file
# cannot be looked at is not made anew (F23).  trader's: trader-reads.
. "$(dirname "$0")/../lib.sh"
[ "${V:-}" != asan ] && ! ldd "$B/differ" | grep -q libasan || skip 'a sanitizer stands where this library would'

"$B/subscribers" -d state add ann -c stdout -t - -b 7 2>add.log || fail "add: $(cat add.log)"
"$B/subscribers" -d state list >before
has before '"id":"ann"' || fail "there is no state to lose: $(cat before)"
env LD_PRELOAD="$B/badread.so" BADREAD='lstat 0 state/notifier.mdb' "$B/notifier" -d state </dev/null >out 2>log ||
    fail "notifier ended with $?: $(cat log)"
"$B/subscribers" -d state list >after
same before after

# That library strikes: where there is no state, none is made either.
status=0
env LD_PRELOAD="$B/badread.so" BADREAD='lstat 0 new/notifier.mdb' "$B/notifier" -d new </dev/null >out 2>log || status=$?
[ "$status" -eq 74 ] && [ ! -e new/notifier.mdb ] || fail "notifier ended with $status: $(cat log)"
