# Keeps a state.  Two alerts, with a risker that answers; after the next start
# both are sent again, as TradingView does, and must get their result.
. "$top/tests/e2e/webhookd-lines.sh"
export WEBHOOK_TIMEOUT=1

scene() {
	risker
	for n in 1 2; do
		alert "A${n}USDT" $((1640995200 + 60 * n)) >alert.$n
	done
}

ready() {
	has webhookd.log 'msg="\{0,1\}ready'
}
# post_all: what was answered is kept.
post_all() {
	for n in 1 2; do
		post "$(cat alert.$n)" 2>/dev/null
		echo "$n $STATUS" >>statuses
	done
}

act() {
	rm -f linked
	victim webhookd "$B/webhookd" -i unix:run/webhookd.sock -o unix:run/risker.sock
	until_gone 5 ready
	if ! gone; then
		hook_ready
		until_gone 4 connected
		post_all
	fi
	victim_ends TERM
	# A result that could not be recorded is told all the same: risker has it.
	told='2..'
	! has webhookd.log 'unable to commit' || told=202
	! grep -q " $told\$" statuses 2>/dev/null ||
	    "$B/statecat" -d state webhookd/alerts >kept || fail 'an answer, and no state'
	for n in $(sed -n "s/ $told\$//p" statuses 2>/dev/null); do
		grep -q "A${n}USDT" kept || fail "alert $n was answered, and is not kept"
	done
}

recover() {
	mv webhookd.log first.log
	hook
	wait_for 10 connected
	for n in 1 2; do
		wait_for 15 answered $n
	done
	stop webhookd
}
answered() {
	post "$(cat alert."$1")"
	[ "$STATUS" = 200 ]
}

verify() {
	! grep -E ' (4..|504)$' statuses >&2 || fail 'a good alert was refused'
	is 'ids that risker got' 2 "$(jq -r .id handed | sort -u | wc -l)"
	is 'alerts with an answer' 2 "$("$B/statecat" -d state webhookd/alerts | grep -c '"state":"answered"')"
}
