#!/bin/sh
# Who got the OPEN of a trade gets the rest of it, free: after the balance ran
# out, after restarts, and no one else.  Commands change what they are to while
# notifier charges: no change is lost, and the ledger adds up.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq

export NOTIFY_LANG=en
s() {
	"$B/subscribers" "$@"
}
# pipe: what comes in through a notifier of its own.
pipe() {
	"$B/notifier" -l >>out 2>>notifier.log || fail "notifier ended with $?"
}
# told ID BALANCE: they got what standard input says, and have that balance.
told() {
	cat >expect
	table deliveries | jq -r "select(.subscriber == \"$1\" and .state == \"delivered\") | \"\(.signal_number) \(.action)\"" >got
	same expect got
	[ "$(balance "$1")" -eq "$2" ] || fail "$1 has a balance of $(balance "$1"), not $2"
}

for id in ann bob carl dora; do
	s add "$id" -c stdout -t "$id"
done
s credit ann 1 >/dev/null
s credit carl 5 >/dev/null
s credit dora 5 >/dev/null
signal 1 1 OPEN | pipe
signal 2 2 OPEN | pipe
# Paid for in mid-trade: not for that trade; nor is it given twice.
s credit bob 5 >/dev/null
signal 3 1 INCREASE | pipe
s pause carl
signal 4 1 PARTIAL_CLOSE | pipe
signal 5 3 OPEN | pipe
s resume carl
# Exported and imported between two messages: nothing is lost by that.
s export | s import 2>/dev/null
s remove dora
# Another one, who has nothing to do with the trades of the first.
s add dora -c stdout -t dora
signal 6 1 CLOSE | pipe
signal 7 2 CLOSE | pipe
signal 8 3 CLOSE | pipe
told dora 0 <<'END'
1 OPEN
2 OPEN
1 INCREASE
1 PARTIAL_CLOSE
3 OPEN
END
s remove dora
told ann 0 <<'END'
1 OPEN
1 INCREASE
1 PARTIAL_CLOSE
1 CLOSE
END
told bob 4 <<'END'
3 OPEN
3 CLOSE
END
told carl 3 <<'END'
1 OPEN
2 OPEN
1 INCREASE
1 CLOSE
2 CLOSE
END
s show dora 2>/dev/null && fail "dora is there still"
[ "$(table deliveries | grep -c '"failed"')" -eq 0 ] || fail "something has failed"

# At once: forty OPENs for three, and credits, fields and people who come and
# go.
rm -rf state
for id in ann bob carl; do
	s add "$id" -c stdout -t "$id" -b 1000
done
mkfifo lines
spawn notifier sh -c 'exec "$1" -l <lines' sh "$B/notifier"
exec 3>lines
wait_for 5 has notifier.log 'msg="ready"'
spawn credits sh -c 'for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do "$1" credit ann +2 || exit; done' sh "$B/subscribers"
spawn fields sh -c 'for _ in 1 2 3 4 5 6 7 8 9 10; do "$1" set ann lang=ru tester=true && "$1" set ann lang= tester=false || exit; done' sh "$B/subscribers"
spawn people sh -c 'for _ in 1 2 3 4 5 6 7 8 9 10; do "$1" add dora -c stdout -t dora -b 7 && "$1" remove dora || exit; done' sh "$B/subscribers"
n=0
while [ "$n" -lt 40 ]; do
	n=$((n + 1))
	signal "$n" "$n" OPEN >&3
done
for part in credits fields people; do
	ended "$part" 0
done
exec 3>&-
ended notifier 0
[ "$(balance ann) $(balance bob) $(balance carl)" = "990 960 960" ] ||
    fail "the balances are $(balance ann) $(balance bob) $(balance carl)"
table ledger | is_true -s '
	group_by(.subscriber) | map({key: .[0].subscriber, value: (map(.change) | add)}) | from_entries
	== {ann: 990, bob: 960, carl: 960, dora: 0}' || fail "the ledger does not add up"
table ledger | is_true -s 'map(.number) == [range(1; length + 1)]' || fail "a row of the ledger is missing"
