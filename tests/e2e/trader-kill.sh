#!/bin/sh
# F03: killed at K6 to K10, in turn, and started again once and three times:
# each decision becomes one order, protected, answered. F68: orders of others
# stay as they are.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trader.sh"
. "$top/tests/exchange/call.sh"
requires openssl
kill_points trader
exchange
"$B/decide" -d "$S" </dev/null

killed_at() {
	spawn victim env SLUICE_KILL="$1" "$K/trader" -d "$S" -i "unix:$T/trader.sock"
	wait_for 10 has victim.log ready
}

foreign=$(post /v5/order/create '{"category":"linear","symbol":"SOLUSDT","side":"Buy","orderType":"Limit","qty":"1","price":"10","orderLinkId":"mine"}' | jq -r .retCode)
is 'the order of somebody else' 0 "$foreign"

n=0
for point in K6 K7 K8 K9 K10; do
	for starts in 1 3; do
		n=$((n + 1))
		: >victim.log
		killed_at "$point"
		wait_for 10 has "$JOURNAL" wallet-balance
		# BTC and ETH in turn, so that both are traded within the caps.
		entry "$n" | decide
		ended victim 137
		i=1
		while [ "$i" -lt "$starts" ]; do
			start MAX_ORDERS_PER_MINUTE=100
			kill9 trader
			i=$((i + 1))
		done
		start MAX_ORDERS_PER_MINUTE=100
		wait_for 20 is_state "$n" protected
		is "$point x$starts: orders" 1 "$(placed "$n")"
		is "$point x$starts: position" '0.02 46550' "$(stands)"
		exit_of "$((n + 100))" | decide
		wait_for 5 is_state "$n" closed
		stop trader
	done
done
[ "$n" -eq 10 ] || fail 'not every point'
is 'the order of somebody else' New "$(curl -sS "$URL/control/state" |
    jq -r '.orders[] | select(.orderLinkId == "mine").orderStatus')"
