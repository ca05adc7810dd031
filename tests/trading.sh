# tests/trading.sh - the trading pipeline as a whole, on the stand-in, with the
# signals one beside it, as services over Unix sockets.  Sourced after
# tests/lib.sh.  At the end of a test judge() asks tests/oracle about all of it.

requires jq curl sha256sum perl
export STATE_DIR="$T/state" STATE_MAP_SIZE=64M SIGNAL_POLL_INTERVAL=0.2 \
    WEBHOOK_SECRET='k9P$Xz83!vW@b12N#rTe'
S=$STATE_DIR
clients=$T/clients.ndjson # who posted what, and what they were answered
: >"$clients"
bar=1700000000000 # the timestamp of the last alert
mkdir -m 700 run

# The programs, each with the settings that are given (VAR=VALUE...).  With a
# kill point (SLUICE_KILL=K7) it is the build that has them.
program() {
	case " $* " in
	*' SLUICE_KILL='*) program_of=$K ;;
	*) program_of=$B ;;
	esac
}
# shellcheck disable=SC2120 # tests may give settings
poller() { spawn poller env "$@" "$B/poller" -o unix:run/differ.sock; }
differ() { spawn differ env "$@" "$B/differ" -i unix:run/differ.sock -o unix:run/webhookd.sock; }
trader() {
	program "$@"
	spawn trader env "$@" "$program_of/trader" -i unix:run/trader.sock -o unix:run/webhookd.sock
}
risker() {
	program "$@"
	spawn risker env "$@" "$program_of/risker" -i unix:run/risker.sock -o unix:run/trader.sock
}
webhookd() {
	program "$@"
	spawn webhookd env "$@" "$program_of/webhookd" -i unix:run/webhookd.sock -o unix:run/risker.sock \
	    -s unix:run/differ.sock
}

# up: webhookd listens and risker is there for it.
up() {
	[ "$(curl -sS -m 5 -o /dev/null -w '%{http_code}' "$HOOK/status" 2>/dev/null)" != 000 ] &&
	    [ -S run/risker.sock ] && [ -S run/trader.sock ] && [ -S run/webhookd.sock ]
}
# known KIND NAME: differ's state has that row of the account.
known() {
	"$B/statecat" -d "$S" differ/account 2>/dev/null | grep -q "\"$1\".*$2"
}
# fed: prices, equity, instruments and a snapshot are there to decide on.
fed() {
	known tickers '' && known instruments '' && known wallet totalEquity && known heartbeat '"ok":true'
}

# trading [VAR=VALUE...]: everything, with these settings, on an exchange that
# was started or on a new one.  Alerts trade once it returns.
trading() {
	# shellcheck disable=SC2163 # what is exported is what is given
	[ $# -eq 0 ] || export "$@"
	[ -n "${URL:-}" ] || exchange
	control limits '{"per_second":1000,"per_ip":0}'
	WEBHOOK_LISTEN=127.0.0.1:$(free_port)
	ADMIN_LISTEN=127.0.0.1:$(free_port)
	HOOK=${SCHEME:-http}://$WEBHOOK_LISTEN ADMIN=http://$ADMIN_LISTEN
	export WEBHOOK_LISTEN ADMIN_LISTEN
	differ
	poller
	trader
	risker
	webhookd
	wait_for 15 up
	wait_for 15 fed
	# Who starts first tries to connect to nobody, and again after a while.
	wait_for 15 connected
}
connected() {
	up && trial
}
# connected_now: webhookd to risker, without an alert that would tell.
connected_now() {
	up && curl -sS -m 5 "$ADMIN/metrics" | grep -q '^[a-z_]*risker[a-z_]* 1$'
}
# trial: a test alert goes the whole way and back.
trial() {
	trial_n=$((${trial_n:-0} + 1))
	alert_body "{\"action\":\"close\",\"test\":true,\"timestamp\":\"$((1600000000000 + trial_n * 1000))\"}" >trial.body
	case $(curl -sS -m 5 -o trial.answer -w '%{http_code}' --data-binary @trial.body "$HOOK/bybit") in
	200 | 422) return 0 ;;
	esac
	return 1
}

# alert_body [FRAGMENT]: an alert as TradingView writes it, with what is given.
alert_body() {
	jq -nc --arg token "$WEBHOOK_SECRET" --arg at "$bar" --argjson more "${1:-{\}}" \
	    '{token: $token, trendComposite: 4, symbol: "BTCUSDT", action: "buy", timestamp: $at, price: "47500.00"} + $more
	    | with_entries(select(.value != null))'
}

# ids: of each body on standard input the id that the alert must have; none
# without a timestamp, as the moment of receipt is in it then.
ids() {
	jq -r '(.trendComposite | tonumber) as $n | (.timestamp | tostring) as $at
	    | if has("timestamp") then [.action // if $n > 0 then "buy" elif $n < 0 then "sell" else "close" end,
	    (.symbol | sub("^BYBIT:"; "") | sub("\\.P$"; "")),
	    if $at | test("Z$") then $at | fromdate * 1000 | tostring elif $at | length == 10 then $at + "000" else $at end,
	    if .test then "1" else "0" end] | join(" ") else "none" end' | while read -r action symbol at test; do
		[ "$action" != none ] || { echo none; continue; }
		printf '%s\n%s\n%s\n%s' "$action" "$symbol" "$at" "$test" | sha256sum
	done | cut -c 1-32
}
id_of() {
	printf '%s' "$1" | ids
}

# post_body BODY [CURL OPTION...]: post it.  Sets STATUS (000: no answer), ID
# and TOOK (seconds); the answer is in ./answer.
post_body() {
	BODY=$1
	shift
	ID=$(id_of "$BODY")
	: >answer
	STATUS=$(printf '%s' "$BODY" | curl -sS -m 15 -o answer -w '%{http_code} %{time_total}' \
	    -H 'Content-Type: text/plain; charset=utf-8' --data-binary @- "$@" "$HOOK/bybit" 2>/dev/null) || :
	TOOK=${STATUS#* } STATUS=${STATUS%% *}
	[ "$ID" = none ] || client "$ID" "$STATUS" answer
}
client() {
	jq -c --arg id "$1" --argjson status "$((1$2 - 1000))" '{id: $id, status: $status, answer: .}' "$3" >>"$clients" 2>/dev/null ||
	    printf '{"id":"%s","status":%d,"answer":{}}\n' "$1" "$((1$2 - 1000))" >>"$clients"
}

# alert [FRAGMENT]: a new one, a bar later; alert_again: the same once more.
alert() {
	bar=$((bar + 60000))
	post_body "$(alert_body "${1:-{\}}")"
}
alert_again() {
	post_body "$BODY"
}

# flood N: post each body on standard input N times, all at once, from as many
# addresses; how often each status came: "200 49,503 1".  The seconds that each
# took are the last word of the lines in flood/statuses.
flood() {
	rm -rf flood && mkdir flood
	cat >flood/bodies
	flood_ids=$(ids <flood/bodies)
	awk -v n="$1" '{ file = "flood/body." NR; print >file; close(file)
	    for (k = 1; k <= n; k++) print NR, k, 2 + (NR * n + k) % 250 }' flood/bodies >flood/list
	xargs -P 50 -L 1 sh -c 'curl -sS -m 15 -o "flood/answer.$1.$2" -w "$1 $2 %{http_code} %{time_total}\n" \
	    --interface "127.0.0.$3" --data-binary "@flood/body.$1" "$0/bybit" 2>/dev/null || :' "$HOOK" <flood/list >flood/statuses
	while read -r body n status _; do
		client "$(echo "$flood_ids" | sed -n "${body}p")" "$status" "flood/answer.$body.$n"
	done <flood/statuses
	cut -d ' ' -f 3 flood/statuses | sort | uniq -c | awk '{ printf "%s%s %s", sep, $2, $1; sep = "," } END { print "" }'
}

# answered STATUS [WHAT]: the last answer has that status, within 3 seconds.
answered() {
	[ "$STATUS" = "$1" ] || fail "${2:-alert}: expected $1, not $STATUS: $(cat answer)"
	[ "$(printf '%.0f' "$(printf '%s' "$TOOK" | awk '{ print $1 * 1000 }')")" -lt 3000 ] ||
	    fail "${2:-alert}: answered after $TOOK s"
}
# got FILTER: of the last answer, its numbers as jq writes its own.
got() {
	jq -r "(.. | numbers) += 0 | $1" answer
}

# position [SYMBOL [IDX]]: side, size and stop as the exchange has them, or flat.
position() {
	curl -sS "$URL/control/state" | jq -r --arg s "${1:-BTCUSDT}" --argjson i "${2:-0}" \
	    '[.positions[] | select(.symbol == $s and .positionIdx == $i and .side != "") | "\(.side) \(.size) \(.stopLoss)"] | .[0] // "flat"'
}
is_position() {
	[ "$(position "${2:-BTCUSDT}" "${3:-0}")" = "$1" ]
}
# flat [SYMBOL]
flat() {
	is_position flat "${1:-BTCUSDT}"
}

# held SYMBOL [STOP [PARTS]]: a long of all that small settings give a coin (500,
# less what fees have taken by now), or of so many hundredths of it.
held() {
	position "$1" | awk -v stop="${2:-0.98}" -v parts="${3:-100}" '
		{ n = $2 * 100 / parts; exit !($1 == "Buy" && n > 490 && n <= 500.5 && $3 == stop) }'
}

# sent [ID [SUFFIX]], booked: order/create requests of an alert, and orders.
sent() {
	jq -c --arg l "${1:-$ID}-${2:-0}" 'select(.path == "/v5/order/create") | .body | fromjson |
	    select(.orderLinkId == $l)' "$JOURNAL" | wc -l
}
booked() {
	jq -c --arg l "${1:-$ID}" 'select(.booked and (.body | fromjson | .orderLinkId | startswith($l)))' "$JOURNAL" | wc -l
}
# orders_booked: of all alerts.
orders_booked() {
	jq -c 'select(.booked)' "$JOURNAL" | wc -l
}

# row STAGE/TABLE FILTER: of the rows of a table.
row() {
	"$B/statecat" -d "$S" "$1" | jq -r "$2"
}
# state [ID [SUFFIX]]: of its order.
state() {
	row trader/orders "select(.order_link_id == \"${1:-$ID}-${2:-0}\").state"
}
is_state() {
	[ "$(state "${2:-$ID}" "${3:-0}")" = "$1" ]
}

# resolved: every order is decided, and every decision has its order.
resolved() {
	[ -z "$(row trader/orders 'select(.state == "sent") | .order_link_id')" ] &&
	    [ "$(row risker/decisions 'select(.type == "order").id' | sort)" = \
	    "$(row trader/orders .id | sort -u)" ]
}

# eventually SECONDS COMMAND...: as wait_for, for what takes a while to find out.
eventually() {
	eventually_end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$eventually_end" ] || fail "gave up waiting for: $*"
		sleep 0.3
	done
}

# judge [told]: nothing is unresolved, and the oracle finds nothing; told: the
# signals pipeline saw it all, too.
judge() {
	eventually 20 resolved
	[ "${1:-}" != told ] || eventually 20 told
	B=$B EVENTS=$([ "${1:-}" = told ] && echo 1 || echo 0) "$top/tests/oracle" "$JOURNAL" "$S" "$clients" >&2 ||
	    fail 'the oracle has something against it'
	for program in webhookd risker trader; do
		! pid_is_alive "$program" || bounded "$program"
	done
}
told() {
	B=$B EVENTS=1 "$top/tests/oracle" "$JOURNAL" "$S" >told.out || ! grep -q I5 told.out
}
pid_is_alive() {
	case " $spawned " in *" $1 "*) kill -0 "$(pid_of "$1")" 2>/dev/null ;; *) return 1 ;; esac
}
# bounded NAME: its descriptors and memory are (I6).
bounded() {
	bounded_fds=$(find "/proc/$(pid_of "$1")/fd" -mindepth 1 2>/dev/null | wc -l)
	bounded_kb=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pid_of "$1")/status")
	[ "$bounded_fds" -le 64 ] || fail "$1 has $bounded_fds descriptors open"
	[ "${V:-}" = asan ] || [ "$bounded_kb" -le 65536 ] || fail "$1 takes $bounded_kb kB"
}

# stop_all: what runs ends with 0 after SIGTERM, in the order of the lines.
stop_all() {
	for program in webhookd risker trader poller differ; do
		! pid_is_alive "$program" || stop "$program"
	done
}

# coin N: a symbol of its own, at 1, for the N-th alert of a test.
coin() {
	printf 'COIN%03dUSDT' "$1"
}
# coins N: the first N, for ALLOWED_SYMBOLS.
coins() {
	seq -f 'COIN%03gUSDT' "$1" | paste -sd ,
}
# Settings under which many small positions fit side by side.
small='MAX_RISK_PER_TRADE=0.1 MAX_POSITIONS=100 MAX_ORDERS_PER_MINUTE=1000 MAX_CONSECUTIVE_REJECTS=100'

# delivered BODY [SECONDS]: post it as TradingView does, again on a 5xx or no
# answer, a little faster; until it is a 200.
delivered() {
	delivered_left=$((${2:-15} * 4))
	post_body "$1"
	while [ "$STATUS" != 200 ]; do
		case $STATUS in 000 | 202 | 5??) ;; *) fail "delivering: $STATUS $(cat answer)" ;; esac
		delivered_left=$((delivered_left - 1))
		[ "$delivered_left" -gt 0 ] || fail "undelivered: $STATUS $(cat answer)"
		sleep 0.25
		post_body "$1"
	done
}

# killed_at PROGRAM POINT TIMES BODY: the program dies at the point, while BODY
# is on its way, and is started again TIMES times, killed in between.
killed_at() {
	# What lost its peer within a second takes its time to connect again.
	sleep 1
	kill9 "$1"
	"$1" "SLUICE_KILL=$2"
	# Some points it comes to without any alert.
	wait_for 10 up_or_gone "$1"
	for killed_n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		post_body "$4"
		pid_is_gone "$1" && break
		sleep 0.25
		pid_is_gone "$1" && break
	done
	pid_is_gone "$1" || fail "$1 came not to $2"
	ended "$1" 137
	for killed_n in $(seq "$3"); do
		[ "$killed_n" -eq 1 ] || kill9 "$1"
		"$1"
		wait_for 10 up
	done
}
# came_once WHAT BODY: the alert has one order, protected, and one answer.
came_once() {
	delivered "$2"
	is "$1: requests" 1 "$(sent)"
	is "$1: orders" 1 "$(booked)"
	wait_for 10 is_state protected
	is "$1: answer" "$(got .orderId)" "$(row trader/orders "select(.id == \"$ID\").order_id")"
}
killed_round() {
	killed_at "$@"
	came_once "$1 $2 x$3" "$4"
}
up_or_gone() {
	pid_is_gone "$1" || up
}
pid_is_gone() {
	! kill -0 "$(pid_of "$1")" 2>/dev/null ||
	    grep -q '^State:[^A-Z]*Z' "/proc/$(pid_of "$1")/status" 2>/dev/null
}
