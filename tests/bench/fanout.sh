# shellcheck shell=bash
# tests/bench/fanout.sh - who gets an event: chosen, charged and committed; and
# what it takes to send it to them.
#
# Sent are 10,000 messages, 30 at once over TLS, without limits.  Ours: notifier
# from an OPEN on its input to the end, and the part of it that sends, with all
# of them chosen before.  Bare: libcurl in one process, with nothing chosen and
# nothing kept.  Peer: BENCH_SIGNAL_PEER, the folder of a Node bot (bot.js with
# its node_modules, which have grammY) that polls positions at BYBIT_URL and
# tells SUBSCRIBERS chats at TELEGRAM_URL, SEND_AT_ONCE at once, of a change.

fanout_dir=$work/fanout
fanout_pids=()
fanout_many=10000

fanout_fail() {
	echo "tests/bench/fanout.sh: $*" >&2
	tail -n 5 "$fanout_dir"/*.log >&2 2>/dev/null || :
	exit 1
}

# fanout_wait COMMAND...: until it succeeds, two minutes at the most.
fanout_wait() {
	local left=12000
	until "$@" 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || fanout_fail "gave up waiting for: $*"
		sleep 0.01
	done
}

fanout_begin() {
	local port
	mkdir -p "$fanout_dir/all"
	chmod 700 "$fanout_dir/all"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
	    -keyout "$fanout_dir/key.pem" -out "$fanout_dir/cert.pem" -subj /CN=localhost \
	    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	echo '[]' >"$fanout_dir/positions"
	"$O/venue" -C "$fanout_dir/cert.pem" -K "$fanout_dir/key.pem" -a "$fanout_dir/arrivals" \
	    -p "$fanout_dir/positions" >"$fanout_dir/venue.out" 2>"$fanout_dir/venue.log" &
	fanout_pids+=($!)
	fanout_wait test -s "$fanout_dir/venue.out"
	read -r port _ <"$fanout_dir/venue.out"
	fanout_url=https://127.0.0.1:$port
	seq 0 $((fanout_many - 1)) |
	    jq -c '{id: "user\(.)", channel: "telegram", address: "\(100000000 + .)", balance: 1}' |
	    "$O/subscribers" -d "$fanout_dir/all" import
	[ -n "${BENCH_SIGNAL_PEER:-}" ] ||
	    echo 'fanout: no peer is measured: BENCH_SIGNAL_PEER names no folder' >&2
}

fanout_end() {
	local pid
	for pid in "${fanout_pids[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

# fanout_note NAME "WALL_US PEAK_KIB CPU_US"
fanout_note() {
	note "$1_wall" "$(field 1 <<<"$2")"
	note "$1_peak" "$(field 2 <<<"$2")"
	note "$1_cpu" "$(field 3 <<<"$2")"
}

# fanout_notifier URL INPUT: to its end; all of the messages must have gone.
fanout_notifier() {
	env TELEGRAM_API_URL="$1" TELEGRAM_BOT_TOKEN=1:bench CA_FILE="$fanout_dir/cert.pem" NOTIFY_LANG=en \
	    TELEGRAM_RATE=0 TELEGRAM_CHAT_RATE=0 TELEGRAM_GROUP_RATE=0 \
	    "$O/measure" -i "$2" -o "$fanout_dir/lines" "$O/notifier" -l -d "$fanout_dir/state" 2>"$fanout_dir/notifier.log"
}
fanout_sent() {
	[ "$(grep -c '"ok":true' "$fanout_dir/lines")" -eq "$1" ] || fanout_fail "$1 messages should have been sent"
}
fanout_fresh() {
	rm -rf "$fanout_dir/state"
	cp -r "$fanout_dir/all" "$fanout_dir/state"
	jq -nc --arg now "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" '{type: "signal", seq: 1, time: $now, account: "main",
	    signal_number: 1, action: "OPEN", category: "linear", symbol: "BTCUSDT", signal_type: "buy",
	    position_idx: 0, leverage: "10", position_size: "1", old_position_size: "0", entry_price: "45000",
	    journal: "9f86d081"}' >"$fanout_dir/open"
}

fanout_send() {
	local took
	fanout_fresh
	took=$(fanout_notifier "$fanout_url" "$fanout_dir/open")
	fanout_sent $fanout_many
	fanout_note ours "$took"
	# Chosen while nobody is there, sent by the next start.
	fanout_fresh
	took=$(fanout_notifier http://127.0.0.1:1 "$fanout_dir/open")
	fanout_sent 0
	took=$(fanout_notifier "$fanout_url" /dev/null)
	fanout_sent $fanout_many
	fanout_note rest "$took"
	printf '🔔 Trade #00001 ⚡\n\n📈 LONG BTC/USDT\n💰 Entry: 45000\n⚖️ 10x\n🕒 %s\n' "$(date)" >"$fanout_dir/text"
	took=$("$O/measure" "$O/sends" -C "$fanout_dir/cert.pem" -n $fanout_many -c 30 \
	    "$fanout_url/bot1:bench/sendMessage" "$fanout_dir/text")
	fanout_note bare "$took"
}

fanout_peer_is() { grep -q "^$1" "$fanout_dir/peer.log"; }

fanout_peer() {
	local pid began
	[ -n "${BENCH_SIGNAL_PEER:-}" ] || return 0
	echo '[]' >"$fanout_dir/positions"
	env BYBIT_URL="$fanout_url" TELEGRAM_URL="$fanout_url" NODE_EXTRA_CA_CERTS="$fanout_dir/cert.pem" \
	    NODE_ENV=production SUBSCRIBERS=$fanout_many SEND_AT_ONCE=30 POLL_MS=20 STATE="$fanout_dir/peer-state" \
	    node "$BENCH_SIGNAL_PEER/bot.js" >"$fanout_dir/peer.log" 2>&1 &
	pid=$!
	fanout_pids+=("$pid")
	fanout_wait fanout_peer_is ready
	printf '[{"symbol":"BTCUSDT","positionIdx":0,"side":"Buy","size":"%s","avgPrice":"45000"}]' "$((round + 1))" >"$fanout_dir/new"
	began=$(date +%s%N)
	mv "$fanout_dir/new" "$fanout_dir/positions"
	fanout_wait fanout_peer_is "sent $fanout_many"
	note peer_wall $((($(date +%s%N) - began) / 1000))
	note peer_cpu "$(sed -n 's/^sent .* cpu_us //p' "$fanout_dir/peer.log" | head -n 1)"
	end_these "$pid"
	rm -rf "$fanout_dir"/peer-state*
}

fanout_round() {
	local took n
	for n in 10000 100000; do
		rm -rf "$work/state" && mkdir -m 700 "$work/state"
		took=$("$O/fanout" "$work/state" "$n")
		note "fanout_open_$n" "$(field 1 <<<"$took")"
		note "fanout_scan_$n" "$(field 2 <<<"$took")"
		note "fanout_close_$n" "$(field 3 <<<"$took")"
		note "fanout_peak_$n" "$(field 4 <<<"$took")"
	done
	fanout_send
	fanout_peer
}

fanout_report() {
	printf 'An OPEN to all subscribers, one to 100 of them, the CLOSE to those 100; %d rounds\n\n' "$rounds"
	printf '%-58s %8s %8s %8s   %s\n' 'figure' median least most unit
	figure '100,000 subscribers: OPEN to all, charged, committed' fanout_open_100000 'us, goal <= 2000000'
	figure '100,000 subscribers: OPEN to 100 of them' fanout_scan_100000 us
	figure '100,000 subscribers: CLOSE to those 100' fanout_close_100000 us
	figure '10,000 subscribers: OPEN to all' fanout_open_10000 us
	figure '10,000 subscribers: CLOSE to 100' fanout_close_10000 us
	figure '100,000 subscribers: peak memory' fanout_peak_100000 KiB
	figure '10,000 subscribers: peak memory' fanout_peak_10000 KiB
	figure '10,000 messages: ours, from the OPEN to the end' ours_wall us
	figure '10,000 messages: ours, sending alone' rest_wall us
	figure '10,000 messages: bare libcurl' bare_wall us
	figure 'processor: ours, from the OPEN to the end' ours_cpu us
	figure 'processor: ours, sending alone' rest_cpu us
	figure 'processor: bare libcurl' bare_cpu us
	figure 'peak memory: ours' ours_peak KiB
	printf '\n%-58s %8s %8s %8s   %s\n' 'ratio, round by round' median least most goal
	ratio 'speed, sending alone: ours / bare' bare_wall rest_wall '>= 0.7'
	ratio 'processor, sending alone: ours / bare' rest_cpu bare_cpu '<= 1.4'
	ratio 'speed, from the OPEN to the end: ours / bare' bare_wall ours_wall ''
	ratio 'processor, from the OPEN to the end: ours / bare' ours_cpu bare_cpu ''
	if [ -n "${BENCH_SIGNAL_PEER:-}" ]; then
		ratio 'speed, from the OPEN to the end: ours / peer' peer_wall ours_wall '>= 4'
		ratio 'processor: ours / peer' ours_cpu peer_cpu ''
	fi
	ratio 'CLOSE to 100: of 100,000 / of 10,000 subscribers' fanout_close_100000 fanout_close_10000 'about 1'
	ratio 'OPEN to all: 100,000 / 10,000 subscribers' fanout_open_100000 fanout_open_10000 'about 10'
}
