# Keeps a state.  A trade for two subscribers; then the same lines until all is
# delivered.  What was on the wire and not recorded, one message a subscriber,
# comes twice.
requires jq curl
. "$top/tests/notifier.sh"
pending='' # whether messages are, before the program starts
export TELEGRAM_BOT_TOKEN=1:t NOTIFY_LANG=en NOTIFY_WEBHOOK_SECRET=0123456789abcdef0123456789abcdef

scene() {
	exchange
	"$B/subscribers" add ann -c telegram -t 5 -b 3
	"$B/subscribers" add bob -c webhook -t "$URL/hook/bob" -b 3
	{
		signal 1 1 OPEN
		signal 2 1 INCREASE
		signal 3 1 CLOSE
	} >lines
	[ -z "$pending" ] || undelivered
}
# undelivered: the lines are taken, nothing gets through, and all is due again.
undelivered() {
	control fault '{"path":"/bot","status":502,"count":0}'
	control fault '{"path":"/hook","status":502,"count":0}'
	"$B/notifier" -l <lines >/dev/null 2>pending.log
	[ "$(table pending | wc -l)" -ge 2 ] || fail 'nothing is pending'
	control clear '{}'
	wait_for 5 due
}
due() {
	table deliveries | jq -se --arg now "$(date -u +%FT%T.%3NZ)" 'all(.[].due; . == null or . <= $now)'
}

act() {
	victim_in=lines
	victim notifier "$B/notifier" -l
	victim_ends
}

recover() {
	mv notifier.log first.log
	wait_for 20 settled
}
# settled: once more, and nothing is left to be sent.
settled() {
	"$B/notifier" -l <lines >again.out 2>notifier.log || fail "the next start failed"
	[ "$(table deliveries | grep -c '"delivered"')" -eq 6 ]
}

verify() {
	is 'what is pending' 0 "$(table pending | wc -l)"
	jq -r 'select(.delivered) | (.chat_id // "hook") + " " + (.text | if startswith("{") then fromjson.action else split("\n")[0] end)' "$JOURNAL" >got
	cat >expect <<-'END'
		5 🔔 Trade #00001 ⚡
		5 🔼 Trade #00001 - Position increased
		5 🔚 Trade #00001 ⚡
	END
	grep '^5 ' got | uniq >once
	same expect once
	printf 'hook %s\n' OPEN INCREASE CLOSE >expect
	grep '^hook ' got | uniq >once
	same expect once
	for who in 5 hook; do
		[ "$(grep -c "^$who " got)" -le 4 ] || fail "more than one message came twice to $who"
	done
	for who in ann bob; do
		is "balance of $who" 2 "$(balance $who)"
		is "ledger of $who" 2 "$(table ledger | jq -s "[.[] | select(.subscriber == \"$who\").change] | add")"
	done
}
