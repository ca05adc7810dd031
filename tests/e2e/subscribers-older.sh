#!/bin/sh
# A state from before there was a ledger: reading commands show it as it is,
# those that write, and notifier, go on with it, with what was pending; the
# first change of a balance gets a row `start` in front.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq mdb_dump mdb_load

export TELEGRAM_BOT_TOKEN=1:t TELEGRAM_API_URL=http://127.0.0.1:9 NOTIFY_LANG=en
s() {
	"$B/subscribers" "$@"
}

# With an OPEN that could not be sent yet.
s add ann -c telegram -t 5 -b 3 -l en
s add bob -c stdout -t bob -b 3
signal 1 1 OPEN | "$B/notifier" -l >out 2>notifier.log || fail "notifier ended with $?"

# As it was: without the table, and without its numbers in the rows.
[ -s state/notifier.mdb ] || fail 'there is no state'
mdb_dump -n -a -p state/notifier.mdb >dump || skip "mdb_dump cannot read the state"
awk '/^VERSION=/ { head = "" ; holding = 1 }
    /^database=/ { skip = $0 == "database=ledger"; holding = 0; if (!skip) printf "%s", head }
    holding { head = head $0 "\n"; next }
    !skip && !/^db_pagesize=/' dump | sed 's/,"ledger":[0-9]*//' >older
rm state/notifier.mdb*
mdb_load -n -f older state/notifier.mdb
chmod 600 state/notifier.mdb*
! grep -q ledger older || fail "the ledger is there still"

cat >expect <<'END'
{"id":"ann","channel":"telegram","address":"5","balance":2,"lang":"en","active":true,"tester":false}
{"id":"bob","channel":"stdout","address":"bob","balance":2,"active":true,"tester":false}
END
s list >got
same expect got
[ "$(s show ann | jq -c .ledger)" = '[]' ] || fail "show: $(s show ann)"
"$B/statecat" ledger >out 2>statecat.log && fail "there is a ledger already"
has statecat.log "no table 'ledger'" || fail "statecat does not say what is missing"

# The OPEN of ann is too old by now, and credited back; bob gets his CLOSE.
sleep 1
signal 2 1 CLOSE | NOTIFY_OPEN_MAX_AGE=1 "$B/notifier" -l >out 2>notifier.log || fail "notifier ended with $?"
jq -c 'select(.ok) | [.subscriber, .seq]' out >got
echo '["bob",2]' | same /dev/stdin got
s credit bob +5 >/dev/null
table ledger | jq -c '[.number, .subscriber, .change, .balance, .why, .before]' >got
cat >expect <<'END'
[1,"ann",2,2,"start",null]
[2,"ann",1,3,"undelivered",1]
[3,"bob",2,2,"start",null]
[4,"bob",5,7,"credit",3]
END
same expect got
[ "$(balance ann) $(balance bob)" = "3 7" ] || fail "the balances are $(balance ann) $(balance bob)"

# A command alone makes the table, too.
rm state/notifier.mdb*
mdb_load -n -f older state/notifier.mdb
chmod 600 state/notifier.mdb*
[ "$(s credit ann -1)" -eq 1 ] || fail "credit"
[ "$(table ledger | wc -l)" -eq 2 ] || fail "the ledger: $(table ledger)"
