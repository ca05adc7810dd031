#!/bin/sh
# Filters of subscribers: symbols, categories, accounts and actions.  An OPEN
# that is filtered out costs nothing and gives nothing of its trade; what the
# list of actions drops is no failure; a filter that changes in mid-trade
# takes nothing away of a trade whose OPEN was given.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq

export NOTIFY_LANG=en
s() {
	"$B/subscribers" "$@"
}
# other FROM TO: of the lines that come in.
other() {
	sed "s/\"$1\"/\"$2\"/"
}
# told ID: trade and action of each message they got.
told() {
	table deliveries | jq -r "select(.subscriber == \"$1\" and .state == \"delivered\") | \"\(.signal_number) \(.action)\""
}
# pipe: what comes in through notifier.
pipe() {
	"$B/notifier" -l >>out 2>>notifier.log || fail "notifier ended with $?"
}

for id in all btc spot sub ends none; do
	s add "$id" -c stdout -t "$id" -b 10
done
s set btc symbols=BTCUSDT,XRPUSDT
s set spot categories=spot
s set sub accounts=sub
s set ends actions=OPEN,CLOSE
s set none symbols=BTCUSDT categories=inverse
{
	signal 1 1 OPEN
	signal 2 2 OPEN | other BTCUSDT ETHUSDT
	signal 3 3 OPEN | other linear spot
	signal 4 4 OPEN | other main sub
	signal 5 1 INCREASE
	signal 6 2 INCREASE | other BTCUSDT ETHUSDT
	signal 7 1 PARTIAL_CLOSE
} | pipe

# In mid-trade: who got the OPEN gets the rest, who did not gets nothing; the
# list of actions holds at once.
s set btc symbols=ETHUSDT actions=OPEN,PARTIAL_CLOSE,CLOSE
s set sub accounts=
s set ends actions=
s set all actions=OPEN
{
	signal 8 1 INCREASE
	signal 9 1 CLOSE
	signal 10 2 CLOSE | other BTCUSDT ETHUSDT
	signal 11 3 CLOSE | other linear spot
	signal 12 4 CLOSE | other main sub
} | pipe

# expect ID BALANCE: what they got, from standard input.
expect() {
	cat >"$1.expect"
	told "$1" >"$1.got"
	same "$1.expect" "$1.got"
	[ "$(balance "$1")" -eq "$2" ] || fail "$1 has a balance of $(balance "$1"), not $2"
}
expect all 6 <<'END'
1 OPEN
2 OPEN
3 OPEN
4 OPEN
1 INCREASE
2 INCREASE
1 PARTIAL_CLOSE
END
expect btc 7 <<'END'
1 OPEN
3 OPEN
4 OPEN
1 INCREASE
1 PARTIAL_CLOSE
1 CLOSE
3 CLOSE
4 CLOSE
END
expect spot 9 <<'END'
3 OPEN
3 CLOSE
END
expect sub 9 <<'END'
4 OPEN
4 CLOSE
END
expect ends 6 <<'END'
1 OPEN
2 OPEN
3 OPEN
4 OPEN
1 INCREASE
1 CLOSE
2 CLOSE
3 CLOSE
4 CLOSE
END
expect none 10 </dev/null
[ "$(table deliveries | grep -c '"failed"')" -eq 0 ] || fail "what was filtered out has failed"

# A test signal goes to testers, through their filters.
s set btc tester=true symbols=BTCUSDT
s set spot tester=true
signal 13 5 OPEN ',"test":true' | pipe
expect btc 7 <<'END'
1 OPEN
3 OPEN
4 OPEN
1 INCREASE
1 PARTIAL_CLOSE
1 CLOSE
3 CLOSE
4 CLOSE
5 OPEN
END
expect spot 9 <<'END'
3 OPEN
3 CLOSE
END
