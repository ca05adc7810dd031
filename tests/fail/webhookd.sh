# Keeps a state.  Two alerts, with a risker that answers; after the next start
# both are sent again, as TradingView does, and must get their result.
. "$top/tests/webhookd.sh"
export WEBHOOK_TIMEOUT=1
alerts='1 2'
recorded=0 # of them, before the program starts

scene() {
	risker
	make_alerts
}
make_alerts() {
	for n in $alerts; do
		alert "A${n}USDT" $((1640995200 + 60 * n)) >alert.$n
	done
}

ready() {
	has webhookd.log 'msg="\{0,1\}ready'
}
# post_all: what was answered is kept.
post_all() {
	for n in $alerts; do
		post "$(cat alert.$n)" 2>/dev/null
		echo "$n $STATUS" >>statuses
	done
}

act() {
	rm -f linked
	victim webhookd "$B/webhookd" -i unix:run/webhookd.sock -o unix:run/risker.sock
	lives_on 15 ready
	if ! gone; then
		hook_ready
		# It was not told a port where its own name was not.
		has webhookd.log '_port=-1' || lives_on 15 connected
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
	[ $recorded -eq 0 ] || "$B/statecat" -d state webhookd/alerts >kept
	[ $recorded -eq 0 ] || [ "$(wc -l <kept)" -eq $recorded ] || fail "kept: $(cat kept)"
}

recover() {
	mv webhookd.log first.log
	hook
	wait_for 10 connected
	for n in $alerts; do
		wait_for 15 answered $n
	done
	stop webhookd
}
answered() {
	post "$(cat alert."$1")"
	[ "$STATUS" = "$(outcome "$1")" ]
}
# outcome N: the status that the alert ends with.
outcome() {
	echo 200
}

verify() {
	set -- $alerts
	for n in $alerts; do
		! grep -sE "^$n (4..|504)\$" statuses | grep -v "^$n $(outcome "$n")\$" >&2 || fail 'not what came of it'
	done
	is 'ids that risker got' $# "$(jq -r .id handed | sort -u | wc -l)"
	is 'alerts with an answer' $# "$("$B/statecat" -d state webhookd/alerts | grep -c '"state":"answered"')"
}
