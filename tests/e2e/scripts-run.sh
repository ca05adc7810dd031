#!/bin/sh
# scripts/run as a new user types it, without a .env: the first message comes
# within seconds of a built tree, the curl line that it prints trades, and
# that trade's messages come out of the other pipeline; Ctrl-C ends everything
# and leaves no process, socket or temporary file; and all of it a second time,
# from another folder.  With a .env: alerts are traded where WEBHOOK_SECRET is
# set, and not where it is not, and it says which; a program that dies is started
# again, and named; one that stays down ends all.  It runs the release build in
# the checkout, whatever build is tested.
. "$(dirname "$0")/../lib.sh"
requires jq setsid pgrep curl runsv
[ ! -e "$top/.env" ] || skip "there is a .env, so scripts/run would use a real account"
for program in notifier webhookd risker trader exchange; do
	[ -x "$top/build/$program" ] || skip "build/ has no release build"
done
[ -w "$top" ] || skip "the checkout cannot be written to"

# Else what it started would outlive it.
cleanup() {
	cleanup_status=$?
	set +e
	if kill -INT "${session:-none}" 2>/dev/null; then
		for _ in $(seq 40); do
			kill -0 "$session" 2>/dev/null || break
			sleep 0.2
		done
	fi
	(exit "$cleanup_status")
	lib_cleanup
}
trap cleanup EXIT
mkdir tmp
export TMPDIR="$T/tmp"
# begin COMMAND...: a background job of sh ignores SIGINT; a terminal's does not.
begin() {
	# What one that was killed left goes on writing to its own.
	rm -f run.out run.log
	setsid env --default-signal=INT,QUIT "$@" >run.out 2>run.log </dev/null &
	session=$!
	pid_run=$session
	spawned="$spawned run"
}
gone() {
	! pgrep -s "$session"
}
# interrupt FOLDER: Ctrl-C; nothing may stay.
interrupt() {
	kill -INT "$session"
	status=0
	wait "$session" || status=$?
	forget run
	[ "$status" -eq 0 ] || { cat run.log >&2; fail "scripts/run ended with $status"; }
	wait_for 5 gone
	[ -z "$(find tmp -mindepth 1)" ] || fail "a temporary file stayed: $(find tmp -mindepth 1)"
	[ -z "$(find "$1" -type s)" ] || fail "a socket stayed in $1"
}
# dies PROGRAM: killed, once it is there.
dies() {
	wait_for 15 pgrep -s "$session" -x "$1"
	pkill -KILL -s "$session" -x "$1" || fail "$1 was not there to be killed"
}
# trade ACTION: the line that was printed, with that action.
trade() {
	# It is to be typed as it stands.
	sh -c "$(sed -n 's/^ *\(curl .*\)/\1/p' run.out | sed "s/\"buy\"/\"$1\"/")" >answer 2>>run.log || fail "curl: $(tail -n 3 run.log)"
	is_true ".ok and .symbol == \"LTCUSDT\" and .action == \"$1\"" answer || fail "the answer to $1: $(cat answer)"
}

for round in 1 2; do
	begin "$top/scripts/run"
	since=$(date +%s)
	wait_for 60 has run.out 'Сделка №00001 ⚡'
	! grep -q 'building' run.log || fail 'it is built already'
	took=$(($(date +%s) - since))
	# 3 s where nothing else runs; other tests do.
	[ "$took" -le 30 ] || fail "the first message took $took seconds"
	wait_for 10 has run.out '^ *curl .*/bybit'
	trade buy
	is_true '.orderId and .stopLoss == 68.6 and .quantity > 0' answer || fail "the order: $(cat answer)"
	wait_for 10 has run.out 'LONG LTC/USDT'
	if [ $round -eq 1 ]; then
		# A second one would take the state from under the first.
		status=0
		"$top/scripts/run" >second.out 2>&1 </dev/null || status=$?
		is 'a second one' 75 $status
		grep -q 'it runs already in' second.out || fail "a second one: $(cat second.out)"
		trade close
		wait_for 15 has run.out 'LONG LTC/USDT' 2
	fi
	interrupt "$top/paper"
	cd /
	cd "$T" || fail "cd"
done

# Killed itself, it leaves the programs; the next one ends them.
begin "$top/scripts/run"
wait_for 20 has run.out '^ *curl .*/bybit'
left=$("$top/build/statecat" -e /dev/null -d "$top/paper" differ/health | jq .pid)
kill -KILL "$session"
wait "$session" 2>/dev/null || :
forget run
dies exchange
kill -0 "$left" || fail 'nothing is left'
begin "$top/scripts/run"
wait_for 30 has run.out 'Сделка №00001 ⚡'
! kill -0 "$left" 2>/dev/null || fail 'what was left lives on'
interrupt "$top/paper"

# What the terminal showed is what the state says was sent.
[ "$("$top/build/statecat" -d "$top/paper" deliveries | grep -c '"delivered"')" -ge 1 ] ||
    fail "no delivery in the state"
# Nothing went wrong on the way.
[ -s "$top/paper/log/trader/current" ] && ! grep -h 'level=error' "$top"/paper/log/*/current || fail "errors in the logs"

# In a folder of its own, where nothing needs to be made: with an exchange that
# takes its time to come up.
mkdir -p p/build bin
cp -r "$top/scripts" p/
ln -s "$top/tests" p/tests
ln -s "$top"/build/* p/build/
rm p/build/exchange
printf '#!/bin/sh\nsleep 0.5\nexec "%s/build/exchange" "$@"\n' "$top" >p/build/exchange
printf '#!/bin/sh\nexit 0\n' >bin/make
chmod +x p/build/exchange bin/make
export PATH="$T/bin:$PATH"
begin p/scripts/run
wait_for 20 has run.out '^ *curl .*/bybit'
interrupt p/paper

# With a .env.
exchange
unset BYBIT_BASE_URL BYBIT_API_KEY BYBIT_API_SECRET TELEGRAM_API_URL
hook=127.0.0.1:$(free_port) admin=127.0.0.1:$(free_port)
settings() {
	printf '%s\n' "BYBIT_BASE_URL=$URL" BYBIT_API_KEY=test_api_key BYBIT_API_SECRET=test_secret STATE_MAP_SIZE=64M \
	    "WEBHOOK_LISTEN=$hook" "ADMIN_LISTEN=$admin" "$@"
}
settings >p/.env
chmod 600 p/.env
begin p/scripts/run
wait_for 10 has run.out 'not traded: .env has no WEBHOOK_SECRET'
has run.out "that .env names, on ${URL}[.]" || fail "it does not say where: $(cat run.out)"
wait_for 10 has p/log/poller/current 'first snapshot'
[ ! -e p/log/webhookd ] || fail "webhookd runs without a secret"
interrupt p
settings 'WEBHOOK_SECRET=abc$def ghi' >p/.env
begin p/scripts/run
wait_for 10 has run.out "Alerts are traded: POST /bybit on $hook"
answers() {
	curl -sS -m 5 -d '{"token":"abc$def ghi","trendComposite":0,"symbol":"BTCUSDT","price":"1","test":true}' "http://$hook/bybit" 2>/dev/null |
	    jq 'select(.dryRun)' | grep -q .
}
wait_for 15 answers
# One that dies is named, and is there again.
dies trader
wait_for 5 has run.log 'trader ended with signal 9: starting it again in 1 s'
wait_for 10 pgrep -s "$session" -x trader
kill -0 "$session" || fail 'the others did not live on'
# Where a further start would end alike all end, and it says why.
control key '{"expired":true}'
status=0
wait "$session" || status=$?
forget run
is 'poller stays down' 78 "$status"
grep -q 'level=error stage=poller .*expired' run.log || fail "it does not say why: $(cat run.log)"
has run.log 'poller ended with exit code 78 and stays down' || fail "it does not say which: $(cat run.log)"
! has run.log Killed || fail "something had to be killed: $(cat run.log)"
wait_for 5 gone
[ -z "$(find p -type s)" ] || fail "a socket stayed: $(find p -type s)"
# Where it stayed down the last time is no alarm of the next start.
control key '{"expired":false}'
echo DRY_RUN=true >>p/.env
begin p/scripts/run
wait_for 15 answers
has run.out 'Alerts are not traded, only decided (DRY_RUN)' || fail "it does not say that nothing is sent: $(cat run.out)"
[ -z "$(find p/alarm -type f)" ] || fail "alarms: $(cat p/alarm/*)"
interrupt p
# A key that cannot trade is said at once, not at the first alert.
settings WEBHOOK_SECRET=abcdefghijkl BYBIT_TRADE_API_KEY=wrong BYBIT_TRADE_API_SECRET=wrong >p/.env
begin p/scripts/run
wait_for 15 has run.log 'level=error stage=trader .*10003.* alarm=key$'
interrupt p
# What is wrong with a setting is said before anything starts.
settings WEBHOOK_SECRET=abcdefgh MAX_POSITIONS=0 >p/.env
status=0
p/scripts/run >run.out 2>run.log </dev/null || status=$?
[ "$status" -eq 78 ] || fail "a bad setting: $status"
grep -q MAX_POSITIONS run.log || fail "it does not say which: $(cat run.log)"
