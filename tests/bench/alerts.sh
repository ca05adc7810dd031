# shellcheck shell=bash
# tests/bench/alerts.sh - from an alert to its order, on loopback.
#
# Ours: webhookd, risker and trader over Unix sockets, each round on a fresh
# state.  Floor: one POST to a plain listener and one over a warm TLS
# connection, by one process; two hops between processes and one durable commit
# are measured beside it and added.  Peer: BENCH_PEER, the folder of a Node bot
# (server.js with its node_modules) that takes {"token","id","symbol","side",
# "price","stop"} at /alert and trades at BYBIT_URL.  All of them post to the
# same venue, which keeps when an order arrived: that is "ordered".  "answered"
# is the end of the HTTP answer, which ours gives once the fill and the stop
# loss are seen, and the peer when the order is acknowledged.
#
# GROWTH=1 also measures, once, what 100,000 alerts that are refused leave in
# memory: a few minutes.

alerts_coins=$(seq -f 'C%03gUSDT' 10 | paste -sd ,)
alerts_token=bench-token
alerts_pids=() # the venue and the peer
ours_pids=()   # webhookd, trader, risker
alerts_dir=$work/alerts

alerts_fail() {
	echo "tests/bench/alerts.sh: $*" >&2
	tail -n 5 "$alerts_dir"/*.log "$alerts_dir"/run/*.log >&2 2>/dev/null || :
	exit 1
}

# alerts_wait COMMAND...: until it succeeds, 20 seconds at the most.
alerts_wait() {
	local left=2000
	until "$@" 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || alerts_fail "gave up waiting for: $*"
		sleep 0.01
	done
}

# end_these PID...
end_these() {
	local pid
	for pid; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

alerts_end() { end_these "${ours_pids[@]}" "${alerts_pids[@]}"; }

# alerts_port: one that nobody listens on just now.
alerts_port() {
	local port
	for port in $(shuf -i 20000-32000 -n 50); do
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
}

# memory FILE FIELD PID...: the sum of a field of /proc/PID/FILE, in KiB.
memory() {
	local file=$1 field=$2
	shift 2
	set -- "${@/#//proc/}"
	cat "${@/%//$file}" | awk -v field="$field:" '$1 == field { s += $2 } END { print s }'
}

# ---- the venue and the peer, once

venue_is_up() { [ -s "$alerts_dir/venue.out" ]; }

alerts_begin() {
	mkdir -p "$alerts_dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
	    -keyout "$alerts_dir/key.pem" -out "$alerts_dir/cert.pem" -subj /CN=localhost \
	    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	"$O/venue" -C "$alerts_dir/cert.pem" -K "$alerts_dir/key.pem" -a "$alerts_dir/arrivals" \
	    >"$alerts_dir/venue.out" 2>"$alerts_dir/venue.log" &
	alerts_pids+=($!)
	alerts_wait venue_is_up
	read -r tls plain <"$alerts_dir/venue.out"
	tls=https://127.0.0.1:$tls plain=http://127.0.0.1:$plain

	printf '{"token":"%s","trendComposite":4,"symbol":"@SYMBOL@","action":"@ACTION@","timestamp":"@TIME@","price":"1.0000","stopLoss":"0.9800"}\n' \
	    "$alerts_token" >"$alerts_dir/alert"
	printf '{"token":"bench-token","id":"n-@TIME@","symbol":"@SYMBOL@","side":"Buy","price":"1.0000","stop":"0.9800"}\n' \
	    >"$alerts_dir/peer-alert"

	peer_pid=
	if [ -n "${BENCH_PEER:-}" ]; then
		peer_start warm
		peer_pid=$peer_last peer_url=$peer_last_url
		alerts_pids+=("$peer_pid")
		# It compiles its hot paths only once they are hot.
		alerts_peer "$peer_url" -n 1500 >/dev/null
	else
		echo 'alerts: no peer is measured: BENCH_PEER names no folder' >&2
	fi
}

# peer_start NAME: a bot of its own, ready.  Sets peer_last and peer_last_url.
peer_start() {
	local port
	port=$(alerts_port)
	# Its refreshes are the same as by default: every 5 s.
	env PORT="$port" KEEPALIVE=1 NODE_ENV=production WHITELIST="$alerts_coins" MAX_POSITIONS=1000 \
	    BYBIT_URL="$tls" NODE_EXTRA_CA_CERTS="$alerts_dir/cert.pem" \
	    node "$BENCH_PEER/server.js" >"$alerts_dir/peer-$1.log" 2>&1 &
	peer_last=$! peer_last_url=http://127.0.0.1:$port/alert
	alerts_wait grep -q ^ready "$alerts_dir/peer-$1.log"
}
alerts_peer() { # URL OPTION...
	"$O/alerts" load "${@:2}" -a "$alerts_dir/arrivals" "$1" <"$alerts_dir/peer-alert"
}

# ---- ours, on a fresh state

# What poller and differ would have left: prices, filters, equity, no position.
ours_state() {
	local now coins
	now=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
	coins=$(seq -f 'C%03gUSDT' 10)
	jq -Rnc --arg now "$now" --arg coins "$coins" '
	    {time: $now, account: "main", host: "127.0.0.1", uid: "1"} as $from
	    | {category: "linear"} as $linear
	    | ($coins / "\n") as $symbols
	    | ({type: "positions"} + $from + $linear + {settle_coin: "USDT", positions: [], closed_pnl: []}),
	    ({type: "wallet"} + $from + {wallet: {totalEquity: "10000", coin: []}}),
	    ({type: "tickers"} + $from + $linear
		+ {list: [$symbols[] | {symbol: ., lastPrice: "1.0000", markPrice: "1.0000"}]}),
	    ({type: "instruments"} + $from + $linear
		+ {list: [$symbols[] | {symbol: ., status: "Trading", leverageFilter: {maxLeverage: "25.00"},
		    priceFilter: {tickSize: "0.0001"}, lotSizeFilter: {minOrderQty: "0.1", qtyStep: "0.1",
		    maxMktOrderQty: "200000", minNotionalValue: "5"}}]}),
	    ({type: "heartbeat"} + $from + {ok: true, ms: 1, requests: 1})' |
	    "$O/differ" -d "$alerts_dir/run/state" >/dev/null
}

ours_is_up() {
	local program
	for program in webhookd risker trader; do
		grep -q 'connected to' "$alerts_dir/run/$program.log" || return 1
	done
}

ours_start() {
	local run=$alerts_dir/run hook admin
	rm -rf "$run"
	mkdir -m 700 "$run" "$run/state"
	ours_state
	hook=127.0.0.1:$(alerts_port)
	admin=127.0.0.1:$(alerts_port)
	local settings=(-i PATH="$PATH" STATE_DIR="$run/state" WEBHOOK_SECRET="$alerts_token" WEBHOOK_LISTEN="$hook"
	    ADMIN_LISTEN="$admin" ALLOWED_SYMBOLS="$alerts_coins" BYBIT_BASE_URL="$tls"
	    CA_FILE="$alerts_dir/cert.pem" BYBIT_API_KEY=key BYBIT_API_SECRET=secret LOG_LEVEL=INFO
	    STATE_MAX_AGE=3600 MAX_RISK_PER_TRADE=0.1 MAX_ORDERS_PER_MINUTE=1000 MAX_DAILY_NOTIONAL=1000000)
	env "${settings[@]}" "$O/webhookd" -i "unix:$run/webhookd.sock" -o "unix:$run/risker.sock" 2>"$run/webhookd.log" &
	ours_pids=($!)
	env "${settings[@]}" "$O/trader" -i "unix:$run/trader.sock" -o "unix:$run/webhookd.sock" 2>"$run/trader.log" &
	ours_pids+=($!)
	env "${settings[@]}" "$O/risker" -i "unix:$run/risker.sock" -o "unix:$run/trader.sock" 2>"$run/risker.log" &
	ours_pids+=($!)
	ours_url=http://$hook/bybit
	alerts_wait ours_is_up
	# The first looks at account and symbols come to an end.
	sleep 1
}
alerts_ours() { # OPTION...
	"$O/alerts" load "$@" -a "$alerts_dir/arrivals" "$ours_url" <"$alerts_dir/alert"
}

# ---- rounds

# alerts_note NAME <"P50 P99 WHAT" lines
alerts_note() {
	local p50 p99 what
	while read -r p50 p99 what; do
		note "$1_${what}_p50" "$p50"
		note "$1_${what}_p99" "$p99"
	done
}

alerts_round() {
	local hops commit out

	# Floor.
	out=$("$O/alerts" floor -n 300 -w 50 -a "$alerts_dir/arrivals" -C "$alerts_dir/cert.pem" \
	    "$plain/" "$tls/v5/order/create")
	alerts_note floor <<<"$out"
	hops=$("$O/alerts" hop -n 2000)
	rm -rf "$alerts_dir/commit" && mkdir -m 700 "$alerts_dir/commit"
	commit=$("$O/floor" commit "$alerts_dir/commit" 300)
	note alert_hops "$((hops / 1000))"
	note alert_commit "$commit"
	note least "$(($(awk '/ordered/ { print $1 }' <<<"$out") + hops / 1000 + commit))"

	# Ours: the very first alert, then one after the other, then 50 a second.
	ours_start
	alerts_ours -c -n 1 | alerts_note ours_first
	sleep 0.1
	alerts_ours -c -n 300 -w 20 | alerts_note ours
	alerts_ours -c -n 100 -w 5 -r 50 | alerts_note ours_paced
	note ours_rss "$(memory status VmRSS "${ours_pids[@]}")"
	note ours_pss "$(memory smaps_rollup Pss "${ours_pids[@]}")"
	note ours_anon "$(memory status RssAnon "${ours_pids[@]}")"
	end_these "${ours_pids[@]}"
	ours_pids=()

	[ -n "$peer_pid" ] || return 0
	alerts_peer "$peer_url" -n 300 -w 20 | alerts_note peer
	alerts_peer "$peer_url" -n 100 -w 5 -r 50 | alerts_note peer_paced
	note peer_rss "$(memory status VmRSS "$peer_pid")"
	note peer_pss "$(memory smaps_rollup Pss "$peer_pid")"
	peer_start first
	alerts_peer "$peer_last_url" -n 1 | alerts_note peer_first
	end_these "$peer_last"
}

# Eight senders at a time, each with a symbol that is not allowed.
growth() {
	local part n pids

	ours_start
	for part in 1 2 3 4 5 6 7 8 9 10; do
		pids=()
		for n in 1 2 3 4 5 6 7 8; do
			"$O/alerts" load -x -n 1250 "$ours_url" \
			    < <(sed "s/@SYMBOL@/X${n}USDT/; s/@ACTION@/buy/" "$alerts_dir/alert") >/dev/null &
			pids+=($!)
		done
		wait "${pids[@]}"
		sleep 1
		echo "$((part * 10000)) $(memory status VmRSS "${ours_pids[@]}") $(memory status RssAnon "${ours_pids[@]}")" >>"$work/growth"
	done
	end_these "${ours_pids[@]}"
	ours_pids=()
}

alerts_report() {
	printf '%-58s %8s %8s %8s   %s\n' 'ratio, round by round' median least most goal
	ratio 'alert to order, p50: ours / floor + 2 hops + 1 commit' ours_ordered_p50 least '<= 1.3'
	if [ -n "$peer_pid" ]; then
		ratio 'alert to order, p50: ours / peer' ours_ordered_p50 peer_ordered_p50 '<= 0.8'
		ratio 'alert to order, p99: ours / peer' ours_ordered_p99 peer_ordered_p99 '<= 0.3'
		ratio 'alert to order, 50 a second, p50: ours / peer' ours_paced_ordered_p50 peer_paced_ordered_p50 '<= 0.6'
		ratio 'alert to order, 50 a second, p99: ours / peer' ours_paced_ordered_p99 peer_paced_ordered_p99 ''
		ratio 'alert to order, first after start: ours / peer' ours_first_ordered_p50 peer_first_ordered_p50 '<= 0.15'
		ratio 'memory: webhookd, risker, trader / peer' ours_rss peer_rss '<= 0.2'
		ratio 'memory, shared pages divided among their users' ours_pss peer_pss ''
		ratio 'alert to answer, p50: ours (protected) / peer (sent)' ours_answered_p50 peer_answered_p50 ''
	fi
	printf '\n%-58s %8s %8s %8s   %s\n' figure median least most unit
	figure 'floor: a POST and a TLS POST, p50' floor_ordered_p50 us
	figure 'two hops, p50' alert_hops us
	figure 'one durable commit, p50' alert_commit us
	local who what n rss anon
	for who in ours peer; do
		[ "$who" = ours ] || [ -n "$peer_pid" ] || continue
		for what in ordered answered; do
			figure "$who: alert $what, p50" "${who}_${what}_p50" us
			figure "$who: alert $what, p99" "${who}_${what}_p99" us
			figure "$who: alert $what, 50 a second, p50" "${who}_paced_${what}_p50" us
			figure "$who: alert $what, 50 a second, p99" "${who}_paced_${what}_p99" us
			figure "$who: alert $what, first after start" "${who}_first_${what}_p50" us
		done
		figure "$who: memory" "${who}_rss" KiB
		figure "$who: memory, shared pages divided" "${who}_pss" KiB
	done
	figure 'ours: memory, without files' ours_anon KiB
	[ -n "${GROWTH:-}" ] || return 0
	growth
	printf '\n%-58s %8s %8s\n' 'growth: KiB after so many refused alerts' memory 'no files'
	while read -r n rss anon; do
		printf '%-58s %8d %8d\n' "$n" "$rss" "$anon"
	done <"$work/growth"
}
