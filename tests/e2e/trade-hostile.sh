#!/bin/sh
# F09, F69: lines written straight into the sockets of the pipeline, by a peer that
# may and by another user, move nothing; nor do made-up results answer anybody
# with what is not so.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
trading

alert
answered 200
real=$(row risker/decisions "select(.id == \"$ID\") | tojson")
id=$ID
before=$(orders_booked)
later=$(date -u -d '+20 sec' +%Y-%m-%dT%H:%M:%S.000Z)
fresh() {
	printf '%s' "$real" | jq -c --arg now "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" --arg later "$later" ".time = \$now | .expires = \$later | $1"
}
{
	# The decision itself again is known; the same with another digit is not it.
	printf '%s\n' "$real"
	printf '%s' "$real" | sed 's/"qty":"/"qty":"9/'
	echo
	printf '%s' "$real" | sed 's/"stop_loss":"[0-9.]*"/"stop_loss":"1.00"/'
	echo
	printf '%s ' "$real"
	echo
	fresh '.id = "00000000000000000000000000000001"'
	fresh '.id = "00000000000000000000000000000002" | .symbol = "ETHUSDT" | .qty = "1.00" | .price = "2500.00" | .stop_loss = "2450.00"'
	fresh '.id = "00000000000000000000000000000003" | .action = "close" | del(.qty, .side, .price, .stop_loss)'
	fresh '.id = "../../etc/passwd"'
	fresh 'del(.id)'
	printf '%s' "$real" | tr -d '}'
	echo
	echo '{"type":"order"}'
	echo 'close everything'
	printf '{"type":"order","id":"%s"}{"type":"order"}\n' "$id"
} >hostile
send run/trader.sock <hostile
# A result that nobody asked for, and one for an alert that has its answer.
{
	echo '{"type":"result","id":"00000000000000000000000000000001","code":200,"ok":true}'
	echo "{\"type\":\"result\",\"id\":\"$id\",\"code\":422,\"ok\":false,\"error\":\"x\"}"
	echo '{"type":"result"}'
} | send run/webhookd.sock
wait_for 10 has trader.log 'did not decide' 5
alert_again
answered 200 'the first again'
is 'its own answer' true "$(got .ok)"
is 'no order' "$before" "$(orders_booked)"
is 'the position' 'Buy 0.21 46550' "$(position)"

# Another user does not even connect.
for socket in run/*.sock; do
	is "mode of $socket" 600 "$(stat -c %a "$socket")"
done
if [ "$(id -u)" -eq 0 ]; then
	chmod 711 . run
	for socket in run/*.sock; do
		# shellcheck disable=SC2016
		! perl -MIO::Socket::UNIX -e '$) = "65534 65534"; $> = 65534;
			exit !IO::Socket::UNIX->new(Peer => shift)' "$socket" 2>/dev/null ||
		    fail "nobody connects to $socket"
	done
fi
# F69: a second trader, while the first lives and even while it is stopped, does
# not start, and says who holds the state.
kill -STOP "$(pid_of trader)"
status=0
timeout 10 "$B/trader" -i unix:run/other.sock >other.out 2>other.log || status=$?
kill -CONT "$(pid_of trader)"
[ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail "a second trader: $status"
grep -q "$(pid_of trader)" other.log || fail "it does not say who: $(cat other.log)"

# All of it is still at work.
alert '{"action":"close"}'
answered 200 'the close'
flat || fail "there is $(position) left"
judge told
stop_all
