# tests/attack/attack.sh - the trading pipeline under attack, and what becomes
# of good alerts meanwhile.  Sourced after tests/lib.sh and tests/trading.sh.
#
#   besieged [tls]                        start it, plain or with TLS
#   hostile ATTACK COUNT ADDRESSES [tls]  attack it with ours; a row of figures
#   under NAME COMMAND...                 with another program
#   relieved                              what was not traded, what was
#
# A good alert comes from 127.0.0.2 all the while, and is traded: an entry, its
# close, and so on.  Each must be answered with 200 within 3 seconds, where the
# programs are as fast as they are released.

requires python3 openssl
top_attack=$top/tests/attack
goods=$T/goods # "status seconds", of each good alert
limit_ms=3000
[ "${V:-}" != asan ] || { limit_ms=15000 && export WEBHOOK_TIMEOUT=14; }

certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 90 -subj /CN=ours \
	    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=localhost 2>/dev/null
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n' >server.ext
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -extfile server.ext -days 90 2>/dev/null
	chmod 600 server.key
}

besieged() {
	TLS=${1:-}
	if [ -n "$TLS" ]; then
		certificates
		export WEBHOOK_TLS_CERT="$T/server.pem" WEBHOOK_TLS_KEY="$T/server.key" SCHEME=https CURL_CA_BUNDLE="$T/ca.pem"
	fi
	trading ALLOWED_SYMBOLS="BTCUSDT,$(coins 40)" $small MAX_DAILY_NOTIONAL=100000
	rows_before=$(row webhookd/alerts .id | wc -l) goods_before=$(goods_sent)
	PORT=${WEBHOOK_LISTEN#*:} fds_before=$(descriptors)
	printf '%-24s %6s %6s %6s %22s %14s %6s  %s\n' "attack${TLS:+ ($TLS)}" alerts 'p50 ms' 'max ms' 'anonymous KiB' descriptors 'CPU %' clients
}

goods_sent() {
	jq -s 'map(.id) | unique | length' "$clients"
}
# good ACTION: one good alert, a bar later; of a coin whose last close differ has
# seen long ago.
good() {
	bar=$((bar + 60000))
	post_body "$(alert_body "{\"action\":\"$1\",\"symbol\":\"$(coin $((bar / 120000 % 40 + 1)))\",\"price\":\"1\"}")" --interface 127.0.0.2
	echo "$STATUS $TOOK" >>"$goods"
	[ "$STATUS" = 200 ] || echo "good alert: $STATUS after $TOOK s: $(cat answer)" >>bad
}
goods_until() {
	while [ ! -e "$1" ]; do
		good buy
		good close
	done
	echo "$bar" >bar
}

anonymous() {
	sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pid_of webhookd)/status"
}
descriptors() {
	find "/proc/$(pid_of webhookd)/fd" -mindepth 1 2>/dev/null | wc -l
}
# Of webhookd, in ticks of 10 ms.
ticks() {
	sed 's/.*) //' "/proc/$(pid_of webhookd)/stat" | awk '{ print $12 + $13 }'
}
# The most of both, until FILE is there.
sample_until() {
	while [ ! -e "$1" ]; do
		echo "$(anonymous) $(descriptors)"
		sleep 0.2
	done
}
most() {
	awk -v n="$1" '$n > most { most = $n } END { print most + 0 }' samples
}
has_descriptors() {
	[ "$(descriptors)" -le "$1" ]
}

# under NAME COMMAND...: its last line of output is shown as what clients saw.
# Sets $under_max (ms) and $under_cpu (percent).
under() {
	under_name=$1
	shift
	rm -f over
	: >"$goods"
	under_kb=$(anonymous) under_fds=$(descriptors) under_ticks=$(ticks) under_begin=$(date +%s%N)
	goods_until over &
	under_goods=$!
	sample_until over >samples &
	under_samples=$!
	under_status=0
	"$@" >attack.out 2>attack.log || under_status=$?
	: >over
	wait $under_goods || fail "$under_name: a good alert could not be sent"
	wait $under_samples || fail "$under_name: no samples"
	bar=$(cat bar)
	under_cpu=$((($(ticks) - under_ticks) * 1000000000 / ($(date +%s%N) - under_begin)))
	[ "$under_status" -eq 0 ] || fail "$under_name: the attack failed with $under_status: $(tail -n 5 attack.log)"
	# It recovers at once: while connections are still running out.
	good buy
	good close
	read -r under_n under_p50 under_max <<-ROW
		$(awk '{ printf "%d\n", $2 * 1000 }' "$goods" | sort -n | awk '{ v[NR] = $1 } END { print NR, v[int((NR + 1) / 2)], v[NR] }')
	ROW
	printf '%-24s %6d %6d %6d %8d %6d %6d %5d %4d %4d %5d  %s\n' "$under_name" "$under_n" "$under_p50" "$under_max" \
	    "$under_kb" "$(most 1)" "$(anonymous)" "$under_fds" "$(most 2)" "$(descriptors)" "$under_cpu" "$(tail -n 1 attack.out)"
	[ ! -e bad ] || fail "$under_name: $(cat bad)"
	[ "$under_max" -lt "$limit_ms" ] || fail "$under_name: a good alert was answered after $under_max ms"
	# The caps: 256 connections, 64 that are ending, 32 and 64 to be closed, and
	# what it needs by itself; as large as requests and handshakes can be.
	[ "$(most 2)" -lt 450 ] || fail "$under_name: $(most 2) descriptors"
	[ "${V:-}" = asan ] || [ "$(most 1)" -lt 40000 ] || fail "$under_name: $(most 1) KiB"
}

# For $SECONDS_EACH; nice, since attackers have a machine of their own.
hostile() {
	under "$1 $2 from $3" nice -n 10 python3 "$top_attack/client.py" "$1" "$PORT" "$SECONDS_EACH" "$2" "$3" ${4:+"$4"}
}

# written: of what strangers cause, the log gets ten lines a second; a second of
# the clock can be of two of those.
written() {
	grep 'msg="refused a request" code=4\(01\|29\)' webhookd.log | cut -c 1-24 | sort | uniq -c | sort -n | tail -n 1 >written
	[ "$(awk '{ print $1 }' written)" -le 22 ] || fail "lines of a second about strangers: $(cat written)"
	has webhookd.log 'msg="refused more requests" count=[1-9]' || fail 'what was not written is not counted'
}

# relieved: nothing was taken but the good alerts, and each of them was traded.
relieved() {
	wait_for 15 has_descriptors "$fds_before"
	written
	judge
	is 'good alerts that were taken, and no others' $(($(goods_sent) - goods_before)) \
	    $(($(row webhookd/alerts .id | wc -l) - rows_before))
	stop_all
}
