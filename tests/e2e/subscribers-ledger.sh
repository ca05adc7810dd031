#!/bin/sh
# The ledger: every change of a balance with its reason, in the transaction of
# the change.  Its sum is the balance after whatever happened: commands, OPENs
# that were paid for and those that did not arrive, kills at K4, K13 and K14
# (F31), retries, and an outage (F34).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq curl
kill_points notifier

export TELEGRAM_BOT_TOKEN=1:t NOTIFY_LANG=en
s() {
	"$B/subscribers" "$@"
}
# adds_up: for everybody the sum of the ledger is the balance, each row has the
# balance after it, and the numbers have no gap.
adds_up() {
	s export >roll
	table ledger >ledger
	is_true -n '
		[inputs] as $all
		| ($all | map(select(has("number")))) as $rows
		| $rows != [] and ($rows | map(.number) == [range(1; length + 1)])
		and ($rows | map(.time) == (map(.time) | sort))
		and all($all[] | select(has("id"));
			. as $who | [$rows[] | select(.subscriber == $who.id)]
			| (map(.change) | add // 0) == $who.balance
			and (. as $r | all(range(length); $r[:. + 1] as $h
				| ($h | map(.change) | add) == $h[-1].balance)))' roll ledger ||
	    fail "the ledger does not add up: $(cat roll ledger)"
}
# rows ID: change, balance, reason, trade and note of each.
rows() {
	table ledger | jq -r "select(.subscriber == \"$1\") | \"\(.change) \(.balance) \(.why) \(.signal_number // \"-\") \(.note // \"-\")\""
}
expect_rows() {
	cat >expect
	rows "$1" >got
	same expect got
	adds_up
}

# By hand.
s add ann -c telegram -t 5 -b 30
s add bob -c telegram -t 6
s credit ann +10 'paid by card, "No. 7"' >/dev/null
s credit ann -5 >/dev/null
s credit bob 3 >/dev/null
s export | jq -c 'select(.id == "ann") | .balance = 50 | .lang = "en"' | s import 2>/dev/null
echo '{"id":"carl","channel":"stdout","address":"c","balance":4}' | s import 2>/dev/null
s pause ann
s resume ann
s set ann lang=ru
expect_rows ann <<'END'
30 30 add - -
10 40 credit - paid by card, "No. 7"
-5 35 credit - -
15 50 import - -
END
expect_rows carl <<'END'
4 4 import - -
END
s show ann | jq -c '[.id, .balance, (.ledger | map(.change))]' >got
echo '["ann",50,[15,-5,10,30]]' | same /dev/stdin got
# Looked at, changed, put back: the history goes on.
s show ann | jq -c '.balance = 49' | s import 2>/dev/null
s remove carl
rows carl >got
printf '%s\n' '4 4 import - -' '-4 0 remove - -' | same /dev/stdin got
s add carl -c stdout -t c -b 1
s show carl | jq -c '.ledger | map(.change)' >got
echo '[1]' | same /dev/stdin got
# What is refused leaves no row.
table ledger >before
for words in "credit ann -50" "credit ann +1 $(printf '%0201d' 0)" "add ann -c telegram -t 5 -b 3" "credit zoe +1"; do
	# shellcheck disable=SC2086 # words of a command line
	s $words 2>/dev/null && fail "$words was not refused"
done
table ledger >after
same before after

# A trade that is paid for, killed at every point; bob blocked the bot, so his
# OPEN is credited back, once.
{
	signal 1 1 OPEN
	signal 2 1 INCREASE
	signal 3 1 CLOSE
} >lines
for point in K4:1 K4:2 K4:3 K4:4 K13:1 K13:2 K14:1 K14:2 K14:3; do
	rm -rf state
	exchange
	control telegram '{"chat_id":"6","status":403,"description":"Forbidden: bot was blocked by the user","count":0}'
	s add ann -c telegram -t 5 -b 3
	s add bob -c telegram -t 6 -b 3
	status=0
	SLUICE_KILL=$point "$K/notifier" -l <lines >first.out 2>first.log || status=$?
	[ "$status" -eq 137 ] || fail "$point: ended with $status, not by the signal"
	adds_up
	for _ in 1 2; do
		"$B/notifier" -l <lines >second.out 2>second.log || fail "$point: the next start failed"
		adds_up
	done
	expect_rows ann <<-'END'
		3 3 add - -
		-1 2 open 1 -
	END
	expect_rows bob <<-'END'
		3 3 add - -
		-1 2 open 1 -
		1 3 undelivered 1 -
	END
	stop exchange
	rm -f "$JOURNAL"
done

# F34: nothing answers until the OPEN is too old; retries cost nothing.
rm -rf state
exchange
s add ann -c telegram -t 5 -b 3
control fault '{"path":"/bot","reset":"before","count":0}'
began=$(date +%s)
signal 1 1 OPEN >lines
NOTIFY_OPEN_MAX_AGE=60 "$B/notifier" -l <lines >out 2>notifier.log || fail "notifier ended with $?"
[ "$(balance ann)" -eq 2 ] || fail "the OPEN was not paid for"
adds_up
sleep 1
for _ in 1 2; do
	NOTIFY_OPEN_MAX_AGE=1 "$B/notifier" -l <lines >out 2>notifier.log || fail "notifier ended with $?"
done
expect_rows ann <<'END'
3 3 add - -
-1 2 open 1 -
1 3 undelivered 1 -
END
