# tests/rig/steps.sh - what a step of a plan does; tests/rig/run says which
# there are.  Sourced by it, by bash: most steps start no process.

# Small positions, so that many fit side by side, and limits that nothing meets.
rig_settings="$small ALLOWED_SYMBOLS=$(coins 10) BYBIT_RECV_WINDOW=1000 WEBHOOK_TIMEOUT=0.5
    ALERT_MAX_AGE=300 MAX_DAILY_LOSS=90 MAX_DAILY_NOTIONAL=100000 MAX_EXPOSURE=2000
    TELEGRAM_BOT_TOKEN=1:t TELEGRAM_RATE=0 TELEGRAM_CHAT_RATE=0 TELEGRAM_GROUP_RATE=0
    OPERATOR_CHAT=900 NOTIFY_LANG=en NOTIFY_WEBHOOK_SECRET=not-so-secret"

now() {
	local at=$EPOCHREALTIME
	now=$((${at%.*}${at#*.} / 1000))
}
# did WHAT STAGE: for the judge, who has to know when something was disturbed.
did() {
	now
	did_at "$now" "$@"
}
did_at() { # MILLISECONDS WHAT STAGE
	printf '{"t":%d,"did":"%s","stage":"%s"}\n' "$1" "${2//\"/\\\"}" "${3:-}" >>did.ndjson
}

# subscriber ID MEMBERS ARGUMENT...: he is added, and the judge knows him by the
# members: at (chats, or a hook), and what he must get: all, some, or first N.
subscriber() {
	local id=$1 members=$2
	shift 2
	"$B/subscribers" -d "$S" add "$id" "$@" >>subscribers.log 2>&1 || fail "subscribers add $id: $(cat subscribers.log)"
	printf '{"id":"%s",%s}\n' "$id" "$members" >>roster.ndjson
}
rig_services() {
	mkdir bodies ids bin
	: >answers
	: >did.ndjson
	: >never
	services $rig_settings
	port=${URL##*:}
	exec {idle}<> <(:)
	# The programs are behind names of our own, so that one can be armed.
	ln -s "$B"/* bin/
	ln -sfn "$T/bin" "$SV/bin"
	subscriber wire '"at":["/hook/wire"],"gets":"all","tester":true' -c webhook -t "$URL/hook/wire" -b 100000 -T
	subscriber ann '"at":["101"],"gets":"all"' -c telegram -t 101 -b 1000
	subscriber bob '"at":["102"],"gets":"all"' -c telegram -t 102 -b 1000 -l ru
	subscriber tess '"at":["103"],"gets":"all","tester":true' -c telegram -t 103 -b 1000 -T
	subscriber moved '"at":["104","-1104"],"gets":"all"' -c telegram -t 104 -b 1000
	subscriber poor '"at":["105"],"gets":"first","n":3' -c telegram -t 105 -b 3
	subscriber broke '"at":["106"],"gets":"first","n":0' -c telegram -t 106
	subscriber late '"at":["107"],"gets":"some"' -c telegram -t 107 -b 2
	subscriber gone '"at":["108"],"gets":"some"' -c telegram -t 108 -b 1000
}
rig_up() {
	rm -f "$SVDIR"/*/down
	sv -w 0 up $stages >/dev/null 2>&1 || :
	wait_for 20 fed
	wait_for 20 connected
	now
	begun=$now
	did begin
}

# follow PLAN
follow() {
	local at verb rest wait
	while read -r at verb rest; do
		while now && wait=$((begun + at - now)) && [ "$wait" -gt 0 ]; do
			printf -v wait '%d.%03d' $((wait / 1000)) $((wait % 1000))
			read -r -t "$wait" -u "$idle" || :
		done
		[ "$verb" != end ] || return 0
		case $verb in # what it says has blanks
		control) step_control "${rest%% *}" "${rest#* }" ;;
		*) "step_$verb" $rest ;;
		esac || fail "step $at $verb $rest"
	done <"$1"
	fail "the plan has no end"
}

# A request without a process: the answer is in $status and $answer.
request() { # HOST PORT METHOD PATH BODY
	local fd line header
	status=000 answer=''
	{ exec {fd}<>"/dev/tcp/$1/$2"; } 2>/dev/null || return 0
	printf '%s %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
	    "$3" "$4" "$1" "$2" "${#5}" "$5" 1>&"$fd" 2>/dev/null || :
	if read -r -t 10 -u "$fd" line 2>/dev/null && [[ $line == HTTP/1.1\ * ]]; then
		line=${line#HTTP/1.1 }
		while read -r -t 5 -u "$fd" header 2>/dev/null && [ "$header" != $'\r' ]; do :; done
		IFS= read -r -t 5 -u "$fd" -d '' answer 2>/dev/null || :
		[ -z "$answer" ] || status=${line%% *}
	fi
	exec {fd}>&-
}

# A trade that cannot be made, a position that is not there: the plan knows not.
step_control() {
	case "$1 $2" in
	fault* | fill* | delay* | hide* | telegram* | restart*) did "fault $2" ;;
	esac
	request 127.0.0.1 "$port" POST "/control/$1" "$2"
	case $status in 200 | 400) ;; *) fail "/control/$1 $2: $status $answer" ;; esac
	case "$1 $status" in trade\ * | *\ 200 | liquidate\ * | adl\ * | stop\ *) ;; *) fail "/control/$1 $2: $answer" ;; esac
}

# body N SYMBOL ACTION PRICE [SECONDS]: the N-th alert, of so long ago, and what
# its id is made of.
body() {
	local at=$((begun / 1000 * 1000 - ${5:-0} * 1000 + $1)) trend=4
	[ "$3" != sell ] || trend=-4
	printf '{"token":"%s","trendComposite":%d,"symbol":"%s","action":"%s","timestamp":"%d","price":"%s"}' \
	    "$WEBHOOK_SECRET" "$trend" "$2" "$3" "$at" "$4" >"bodies/$1"
	printf '%s\n%s\n%d\n0' "$3" "$2" "$at" >"ids/$1"
}
# client N: post it as TradingView does, again after a 5xx or no answer, a
# little faster.
client() {
	local body try
	body=$(<"bodies/$1")
	for try in 1 2 3 4; do
		request 127.0.0.1 "${WEBHOOK_LISTEN##*:}" POST /bybit "$body"
		printf '%s %s %s\n' "$1" "$status" "${answer:-{\}}" >>answers
		case $status in 000 | 5??) read -r -t 0.7 -u "$idle" || : ;; *) return 0 ;; esac
	done
}
clients() { # N COPIES
	local copy
	for ((copy = 0; copy < $2; copy++)); do
		client "$1" &
	done
}
step_alert() {
	body "$@"
	clients "$1" "$5"
}
step_again() {
	[ ! -e "bodies/$1" ] || clients "$@"
}
step_stale() {
	body "$1" "$2" "$3" "$4" 600
	echo "$1" >>never
	clients "$1" 1
}

# From an address of its own, as the door counts guesses.
stranger() { # N BODY [CURL OPTION...]
	local n=$1 body=$2
	shift 2
	printf '%s' "$body" >"bodies/$n"
	{
		status=$(curl -s -m 10 -o "answer.$n" -w '%{http_code}' --interface "127.0.$((n / 250 % 250)).$((n % 250 + 2))" \
		    -H 'Expect:' --data-binary "@bodies/$n" "$@" "$HOOK/bybit") || :
		printf '%s %s {}\n' "$n" "${status:-000}" >>answers
		rm -f "answer.$n"
	} &
}
step_hostile() {
	local n=$1 good
	case $2 in # its id is that of what it says
	symbol) body "$n" DOGEUSDT buy 1.0000 ;;
	*) body "$n" COIN001USDT buy 1.0000 ;;
	esac
	good=$(<"bodies/$n")
	echo "$n" >>never
	case $2 in
	token) stranger "$n" "${good/"$WEBHOOK_SECRET"/wrong}" ;;
	prefix) stranger "$n" "${good/"$WEBHOOK_SECRET"/"${WEBHOOK_SECRET%?}"}" ;;
	none) stranger "$n" "${good/'"token"'/'"tokem"'}" ;;
	json) stranger "$n" "${good%?}" ;;
	nan) stranger "$n" "${good/'"trendComposite":4'/'"trendComposite":NaN'}" ;;
	type) stranger "$n" "${good/'"COIN001USDT"'/'["COIN001USDT"]'}" ;;
	symbol) stranger "$n" "$good" ;;
	price) stranger "$n" "${good/1.0000/1e0}" ;;
	huge) stranger "$n" "${good%\}},\"x\":\"$(printf '%070000d' 0)\"}" ;;
	method) stranger "$n" "$good" -X PUT ;;
	line) # no stage minds what it cannot read
		for peer in differ notifier risker trader webhookd; do
			printf '%s\n' '{"type":"order"' 'not JSON' '{"type":"positions"}' '{}' | send "run/$peer.sock" 2>/dev/null || :
		done
		;;
	order) # an order that nobody decided on
		printf '{"type":"order","id":"%032x","time":"%s","expires":"2099-01-01T00:00:00.000Z","account":"main","category":"linear","symbol":"COIN001USDT","action":"buy","side":"Buy","qty":"10","price":"1","stop_loss":"0.98","signal_strength":"4","risk_metrics":{},"warnings":[]}\n' \
		    "$n" "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" | send run/trader.sock 2>/dev/null || :
		;;
	*) return 1 ;;
	esac
}

step_signal() {
	request 127.0.0.1 "${ADMIN_LISTEN##*:}" POST /api/signals/test \
	    '{"symbol":"BTCUSDT","signal_type":"buy","category":"linear","leverage":"10","position_size":"1","entry_price":"47500"}'
	did "signal $status" webhookd
}

# now_is STAGE: run, finish, or down; and its pid.
now_is() {
	is=down pid=
	read -r is _ <"$SVDIR/$1/supervise/stat" || :
	read -r pid <"$SVDIR/$1/supervise/pid" || :
}
kill9_stage() {
	now_is "$1"
	is=${is%,}
	[ -n "$pid" ] || return 0
	# So that finish waits for one second, not for more and more.
	rm -f "$SVDIR/$1/failures"
	kill -KILL "$pid" 2>/dev/null || :
	did "kill $is" "$1"
}
step_kill() {
	local stage
	for stage; do
		kill9_stage "$stage"
	done
}
step_kill-twice() {
	local try
	kill9_stage "$1"
	for ((try = 0; try < 30; try++)); do
		now_is "$1"
		[ "$is" != finish, ] && [ "$is" != finish ] || { kill9_stage "$1"; return 0; }
		read -r -t 0.01 -u "$idle" || :
	done
}
signal_stages() { # SIGNAL WHAT STAGE...
	local stage signal=$1 what=$2
	shift 2
	for stage; do
		now_is "$stage"
		did "$what" "$stage"
		[ -z "$pid" ] || kill "-$signal" "$pid" 2>/dev/null || :
	done
}
step_stop() {
	signal_stages STOP stop "$@"
}
step_continue() {
	signal_stages CONT continue "$@"
}
step_restart() {
	local stage
	for stage; do
		did restart "$stage"
	done
	sv -w 1 restart "$@" >/dev/null 2>&1 &
}
# Whoever starts programs stands still first, so that all there are are found.
step_blackout() {
	local runsvdir runsv all
	runsvdir=$(pid_of runsvdir)
	kill -STOP "$runsvdir"
	read -r all <"/proc/$runsvdir/task/$runsvdir/children"
	kill -STOP $all
	for runsv in $all; do
		all="$all $(<"/proc/$runsv/task/$runsv/children")"
	done
	for stage in $stages; do
		rm -f "$SVDIR/$stage/failures"
	done
	kill -KILL "$runsvdir" $all 2>/dev/null || :
	for stage in $stages; do
		did "kill run" "$stage"
	done
	wait "$runsvdir" 2>/dev/null || :
	forget runsvdir
	did blackout
	spawn runsvdir env -i PATH="$PATH" ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} runsvdir "$SVDIR"
}
step_halt() {
	"$top/scripts/halt" -d "$S" 'the rig' >>halt.log 2>&1 || fail "halt: $(cat halt.log)"
}
step_resume() {
	"$top/scripts/resume" -d "$S" >>halt.log 2>&1 || fail "resume: $(cat halt.log)"
}
step_subscribers() {
	local command=$1 id=$2
	shift 2
	[ "$command" != credit ] || set -- +1
	# One that is stopped or killed inside a transaction holds the lock for a while.
	timeout 30 "$B/subscribers" -d "$S" "$command" "$id" "$@" >>subscribers.log 2>&1 &
}
step_block() {
	did block
	step_control telegram '{"chat_id":"108","status":403,"description":"Forbidden: bot was blocked by the user","count":0}'
}

step_arm() {
	local stage=$1 point=$2
	kill_points "$stage"
	rm -f "bin/$stage"
	printf '#!/bin/sh\nif mv "%s/armed.%s" "%s/fired.%s" 2>/dev/null; then echo "$$" >"%s/fired.%s"; exec env SLUICE_KILL=%s "%s" "$@"; fi\nexec "%s" "$@"\n' \
	    "$T" "$stage" "$T" "$stage" "$T" "$stage" "$point" "$K/$stage" "$B/$stage" >"bin/$stage"
	chmod +x "bin/$stage"
	rm -f "fired.$stage"
	: >"armed.$stage"
}
step_hold() {
	read -r -t "$1" -u "$idle" || :
}
# at_point WHAT STAGE: its armed life came to the kill point.  That is told by its
# own last line: whoever waits for it may see it seconds later.
at_point() {
	local line
	line=$(grep -h "msg=\"kill point\" .*pid=$(<"fired.$2")\$" "$SV/log/$2/"*) || return 1
	line=${line#time=}
	did_at "$(date -d "${line%% *}" +%s%3N)" "$@"
}
step_until() {
	local until
	now
	until=$((now + $3 * 1000))
	while now && [ "$now" -lt "$until" ]; do
		now_is "$1"
		case $2 in
		gone) [ -e "fired.$1" ] && [ "$(<"fired.$1")" != "$pid" ] && at_point "kill run" "$1" && return 0 ;;
		back) check "$1" && return 0 ;;
		armed) [ -e "fired.$1" ] && return 0 ;;
		stopped) grep -q '^State:[^A-Z]*T' "/proc/$pid/status" 2>/dev/null && at_point stop "$1" && return 0 ;;
		esac
		read -r -t 0.05 -u "$idle" || :
	done
	fail "$1 was not $2 within $3 s"
}
