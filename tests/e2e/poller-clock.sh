#!/bin/sh
# F20: clocks that differ.  What is off by seconds is corrected, also when it
# jumps; what is off by more than half a minute is not, and both times are told.
. "$(dirname "$0")/../lib.sh"
requires jq curl

exchange
control limits '{"per_ip":0}'
export SIGNAL_POLL_INTERVAL=0.2 ALLOWED_SYMBOLS=BTCUSDT
good() {
	grep -c '"ok":true' poller.out || :
}
beats() {
	wait_for 20 has poller.out '"ok":true' $(($(good) + 3))
}
# seconds: how far the last heartbeat is ahead of this machine's clock.
seconds() {
	grep '"type":"heartbeat"' poller.out | tail -n 1 | jq '(.time | sub("\\.[0-9]+Z"; "Z") | fromdate) - (now | floor)'
}

control clock '{"offset_ms":-2500}'
spawn poller "$B/poller"
beats
control clock '{"offset_ms":10000}'
beats
ahead=$(seconds)
[ "$ahead" -ge 8 ] && [ "$ahead" -le 12 ] || fail "lines are $ahead s ahead, not Bybit's 10"
! grep -q 'level=warn.*retrying' poller.log || fail "a clock that is 10 s off is no failure"
# A request is stamped three times at the most, whatever the answer.
control fault '{"path":"/v5/position/list","count":0,"retCode":10002,"retMsg":"invalid request"}'
wait_for 10 has poller.out '"ok":false'
n=$(jq -s '[.[] | select(.retCode == 10002 and .fault != null)] | length' "$JOURNAL")
control clear '{}'
control limits '{"per_ip":0}'
[ "$n" -ge 3 ] && [ $((n % 3)) -eq 0 ] || fail "$n stamps"
beats

control clock '{"offset_ms":45000}'
wait_for 20 has poller.out '"error":"the local clock says 20.*Z, Bybit.s 20.*Z: set the clock'
signed=$(grep -vc '/v5/market/' "$JOURNAL")
sleep 1.5
[ "$(grep -vc '/v5/market/' "$JOURNAL")" -eq "$signed" ] || fail "signed requests with a clock that is 45 s off"
control clock '{"offset_ms":1000}'
beats
stop poller

# The machine's own clock is off.  The library itself: the command faketime
# would stand between us and what it started.
lib=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1)
if [ -n "$lib" ] && ! ldd "$B/poller" | grep -q libasan; then
	control clock '{"offset_ms":0}'
	for off in +2s -10s; do
		before=$(grep -c '"retCode":10002' "$JOURNAL")
		# At its end the library removes what it shares, outside of our folders.
		spawn shifted env CONFINE=false LD_PRELOAD="$lib" FAKETIME="$off" \
		    FAKETIME_DONT_FAKE_MONOTONIC=1 "$B/poller"
		wait_for 20 has shifted.out '"ok":true' 5
		! grep -q '"ok":false' shifted.out || fail "$off: $(grep -m 1 '"ok":false' shifted.out)"
		[ "$(grep -c '"retCode":10002' "$JOURNAL")" -eq $((before + 1)) ] ||
			fail "$off: not one request with the wrong time"
		ours=$(grep '"type":"heartbeat"' shifted.out | tail -n 1 | jq '(.time | sub("\\.[0-9]+Z"; "Z") | fromdate) - (now | floor)')
		[ "$ours" -ge -2 ] && [ "$ours" -le 2 ] || fail "$off: lines are $ours s off"
		stop shifted
	done
fi
stop exchange
