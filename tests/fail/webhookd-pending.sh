# Keeps a state.  As webhookd: where it starts with alerts that have no result.
# risker answers two of them now; of the others one has its result in the state
# of risker, and one in that of trader.
. "$top/tests/fail/webhookd.sh"
alerts='1 2 3 4'
recorded=4
export ALERT_TTL=300

scene() {
	echo none >verdict
	risker
	make_alerts
	hook WEBHOOK_TIMEOUT=0.1
	wait_for 10 connected
	for n in $alerts; do
		post "$(cat alert.$n)"
		answers 202
		jq -r .id answer.json >id.$n
	done
	stop webhookd
	mv webhookd.log pending.log
	for n in 3 4; do
		echo none >"verdict.$(cat id.$n)"
	done
	printf '{"type":"result","id":"%s","code":422,"ok":false,"error":"Trade validation failed","errors":["too much"]}\n' "$(cat id.3)" |
	    "$B/rows" state risker decisions id
	printf '{"order_link_id":"%s-0","result":{"type":"result","id":"%s","code":200,"ok":true,"orderId":"7"}}\n' "$(cat id.4)" "$(cat id.4)" |
	    "$B/rows" state trader orders order_link_id
	echo 200 >verdict
}

outcome() {
	[ "$1" -eq 3 ] && echo 422 || echo 200
}
