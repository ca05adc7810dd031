#!/bin/sh
# Orders over HTTP: a list, one by each of its ids; and the operator's hand:
# halted, no entry trades and everything closes; resumed, it trades again.
#
# Not tested: lists of more than one step of a walk (unit/test-api-states),
# protection while halted (trader's tests).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"

trading

api() {
	curl -sS -m 5 "$ADMIN/api/$1"
}
alert
answered 200 'the first'
first=$ID
is 'open orders' "$first-0 protected" "$(api 'orders?state=open' | jq -r '.orders[] | "\(.order_link_id) \(.state)"')"

PATH="$B:$PATH" "$top/scripts/status" -d "$S" >status.out || fail "all is well, and scripts/status says: $(cat status.out)"
grep -q " protected buy BTCUSDT qty 0.210* price 47500[.0]* stop 46550[.0]* $first-0\$" status.out || fail "scripts/status lists no open order: $(cat status.out)"

# By alert id, link id and Bybit's.
for id in "$first" "$first-0" "$(row trader/orders 'select(.test | not).order_id // empty')"; do
	is "by $id" "$first-0" "$(api "orders/$id" | jq -r '.orders[].order_link_id')"
done
is 'its decision' "order $first" "$(api "orders/$first" | jq -r '"\(.decision.type) \(.decision.id)"')"
is 'its alert' "$first" "$(api "orders/$first" | jq -r '.alert.id // .id')"
! api "orders/$first" | grep -qF 'k9P$Xz83' || fail 'the token is in an answer'
is 'one that is not' 404 "$(curl -sS -o answer -w '%{http_code}' "$ADMIN/api/orders/00000000000000000000000000000000")"
is 'no order of that id' 404 "$(curl -sS -o answer -w '%{http_code}' "$ADMIN/api/orders/1a2b-none")"

# Halted: the entry is refused, and says so; what is open closes.
is 'halt' 'true true' "$(curl -sS --json '{"why":"a storm"}' "$ADMIN/api/halt" | jq -r '"\(.halted) \(.changed)"')"
is 'again' 'true false' "$(curl -sS --json '{"why":"another"}' "$ADMIN/api/halt" | jq -r '"\(.halted) \(.changed)"')"
alert '{"symbol":"ETHUSDT","price":"2500"}'
answered 422 'an entry while halted'
is 'why' 'Trade validation failed' "$(got .error)"
got '.errors[]' | grep -qi halt || fail "it does not say so: $(got .errors)"
is 'no order' 0 "$(booked)"
second=$ID
alert '{"action":"close"}'
answered 200 'a close while halted'
flat || fail "there is $(position) left"
wait_for 10 is_state closed "$first"

is 'resume' 'false true' "$(curl -sS --json '{}' "$ADMIN/api/resume" | jq -r '"\(.halted) \(.changed)"')"
alert '{"symbol":"ETHUSDT","price":"2500"}'
answered 200 'an entry after it'

# With trader and risker broken, too; and it is heeded once they are back.
kill9 trader
kill9 risker
is 'halt' 'true true' "$(curl -sS --json '' "$ADMIN/api/halt" | jq -r '"\(.halted) \(.changed)"')"
trader
risker
wait_for 10 connected_now
wait_for 15 trial
alert
answered 422 'an entry after a restart'
curl -sS --json '{}' "$ADMIN/api/resume" >/dev/null

# Newest first, page by page.
api orders | jq -r '.orders[].time' >times
sort -r times | cmp - times >&2 || fail 'they are not sorted'
api orders | jq -r '.orders[].order_link_id' >all
[ "$(wc -l <all)" -ge 4 ] || fail "only $(wc -l <all) orders"
next=
: >paged
while :; do
	api "orders?limit=1${next:+&before=$next}" >page
	jq -r '.orders[].order_link_id' page >>paged
	next=$(jq -r '.next // empty' page)
	[ -n "$next" ] || break
done
same all paged
grep -q 'trading is halted.*operator at 127.0.0.1' webhookd.log || fail 'the halt is not in the log'
is 'what was refused' 'rejected order false' "$(api "orders/$second" | jq -r '"\(.orders[].state) \(.decision.type) \(.orders[].result.ok)"')"
judge
stop_all
