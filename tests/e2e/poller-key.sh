#!/bin/sh
# Keys, rights, bans and limits: what ends poller with 78 and what to change,
# what it waits out.  F21 (10006, 403), F65 (classes), F67 (a refused key is no
# hammer), F89 (signed as sent), F105 (no secret in arguments, log or lines).
#
# Not tested here: ten minutes of waiting (test-poller-cycle, with its clock).
. "$(dirname "$0")/../lib.sh"
requires jq curl

exchange
control limits '{"per_ip":0}'
export SIGNAL_POLL_INTERVAL=0.2 ALLOWED_SYMBOLS=BTCUSDT
requests() {
	wc -l <"$JOURNAL"
}

# refused NAME PATTERN [COMMAND...]: it ends with 78, after a call or two.
refused() {
	what=$1 pattern=$2
	shift 2
	before=$(requests)
	status=0
	"$@" timeout 20 "$B/poller" >refused.out 2>refused.log || status=$?
	[ "$status" -eq 78 ] || fail "$what: exit $status"
	grep -q "level=error.*$pattern" refused.log || fail "$what: $(tail -n 2 refused.log)"
	[ $(($(requests) - before)) -le 3 ] || fail "$what: $(($(requests) - before)) requests"
}
# First of all what needs no exchange.
refused 'no key' BYBIT_API_KEY env -u BYBIT_API_KEY
refused 'no secret' BYBIT_API_SECRET env -u BYBIT_API_SECRET
refused 'spot' 'BYBIT_CATEGORIES=spot' env BYBIT_CATEGORIES=linear,spot
refused 'CA file' 'CA_FILE=/nonexistent' env CA_FILE=/nonexistent
refused 'plain http' BYBIT_BASE_URL env BYBIT_BASE_URL=http://192.0.2.1
[ "$(requests)" -eq 0 ] || fail "requests for a bad setting"
"$B/poller" -n || fail "-n found fault with good settings"
[ "$(requests)" -eq 0 ] || fail "-n sent requests"

refused '10003' 'retCode 10003.*BYBIT_TESTNET' env BYBIT_API_KEY=another_key
refused '10004' 'retCode 10004.*secret' env BYBIT_API_SECRET=another_secret
control key '{"expired":true}'
refused '33004' 'expired' env
control key '{"expired":false,"ips":["10.0.0.1"]}'
refused '10010' 'retCode 10010.*address' env
control key '{"ips":["*"],"permissions":{"ContractTrade":[],"Derivatives":[],"Options":[],"Spot":[]}}'
refused 'no rights' 'right' env
control key '{"permissions":{"ContractTrade":["Order"],"Derivatives":[]}}'
refused '10005' 'retCode 10005.*positions' env
control key '{"permissions":{"ContractTrade":["Order","Position"],"Wallet":[]}}'
control fault '{"path":"/v5/position/list","status":403,"content_type":"text/html","body":"<HTML>CloudFront is configured to block access from your country.</HTML>"}'
refused 'country' 'country' env

# No right to the wallet: one warning, no wallet line, all else goes on.
spawn poller env LOG_LEVEL=DEBUG "$B/poller"
wait_for 10 has poller.out '"ok":true' 5
[ "$(grep -c 'may not read the wallet' poller.log)" -eq 1 ] || fail "not one warning about the wallet"
! grep -q '"type":"wallet"' poller.out || fail "a wallet line"
grep -q '"type":"tickers"' poller.out || fail "no prices"

# A signature that is called wrong once may be a request that lost its query.
control fault '{"path":"/v5/position/list","retCode":10004}'
wait_for 10 has poller.log 'retCode=10004'
wait_for 10 has poller.out '"ok":true' $(($(grep -c '"ok":true' poller.out) + 3))

# F105: neither key nor secret is to be seen.
for place in poller.out poller.log "/proc/$(pid_of poller)/cmdline"; do
	! grep -q 'test_api_key\|test_secret' "$place" || fail "a secret in $place"
done
grep -q 'msg="\?reply"\? .*path=/v5/position/list.*retCode=0' poller.log || fail "no reply at DEBUG"

# F21: 10006 makes it wait, with the header and without.  A second has five
# cycles; refused ones back off.
# lines PATTERN: how many poller has written.
lines() {
	grep -c "$1" poller.out || :
}
for headers in true false; do
	seen=$(lines 'retCode 10006')
	control limits "{\"headers\":$headers}"
	control fault '{"path":"/v5/position/list","count":0,"retCode":10006}'
	wait_for 10 has poller.out 'retCode 10006' $((seen + 1))
	before=$(grep -c position/list "$JOURNAL")
	sleep 3
	more=$(($(grep -c position/list "$JOURNAL") - before))
	[ "$more" -le 5 ] || fail "headers $headers: $more requests in 3 s of 10006"
	control clear '{}'
	control limits '{"per_ip":0}'
	good=$(lines '"ok":true')
	wait_for 20 has poller.out '"ok":true' $((good + 1))
done

# F21: a ban: it lives, says so, and sends nothing.
control fault '{"path":"/v5/position/list","count":0,"status":403,"body":"access too frequent"}'
wait_for 10 has poller.out '"retry_in":600.0'
control clear '{}'
before=$(requests)
sleep 2
[ "$(requests)" -eq "$before" ] || fail "requests during a ban"
kill -0 "$(pid_of poller)" || fail "the ban ended it"
stop poller
stop exchange
