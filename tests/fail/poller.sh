# A position, looked at for a second and a half: each line must be whole, and
# never one without the position.
requires jq curl
export SIGNAL_POLL_INTERVAL=0.2

scene() {
	exchange
	control limits '{"per_second":1000,"per_ip":0}'
	control trade '{"symbol":"BTCUSDT","side":"Buy","qty":"0.01"}'
}

told() {
	has poller.out '"type":"positions"' 3
}

act() {
	victim poller "$B/poller"
	lives_on 15 told
	victim_ends TERM
	[ ! -s poller.out ] || is_true -s 'all(.[] | select(.type == "positions");
	    [.positions[] | select(.size != "0" and .size != "")] | length == 1)' poller.out ||
	    fail "not what there is: $(cat poller.out)"
}

recover() {
	mv poller.log first.log
	spawn poller "$B/poller"
	wait_for 10 told
	stop poller
}

verify() {
	:
}
