#!/bin/sh
# What others read in differ's state: health, alarms, account rows of two
# accounts; a line of another host or uid is refused and raises an alarm.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/differ.sh"
requires jq

table() {
	"$B/statecat" -d state "differ/$1"
}
beat() {
	printf '{"type":"heartbeat","time":"2025-01-01T00:00:%02d.000Z","account":"%s","host":"%s","uid":"%s","ok":true,"ms":5,"requests":3}\n' "$@"
}

mkfifo in
spawn differ sh -c "exec '$B/differ' -d state <in"
exec 4>in
# The row of this start is there before any line is.
wait_for 10 sh -c "'$B/statecat' -d state differ/health | grep -q '\"ended\":false'"
table health | is_true --argjson pid "$(pid_of differ)" '.stage == "differ" and .pid == $pid and .lines == 0' ||
    fail 'the row of the start is not as it should be'
{
	beat 1 main api.bybit.com 7
	account=main snap 1 ''
	beat 1 second api.bybit.com 8
	account=second snap 1 ''
	account=main snap 2 "$(row BTCUSDT Buy 1 100 5)"
	account=second snap 2 "$(row BTCUSDT Sell 2 100 3)"
	echo '{"type":"wallet","time":"2025-01-01T00:00:03.000Z","account":"second","wallet":{"totalEquity":"500.10"}}'
	echo 'not JSON'
	beat 4 main api-testnet.bybit.com 7
	beat 5 main api.bybit.com 8
	account=main snap 6 "$(row BTCUSDT Buy 1 100 5)"
} >&4
wait_for 10 sh -c "'$B/statecat' -d state differ/health | grep -q '\"lines\":11'"
table positions | jq -c '[.account, .signal_number, .signal_type, .position_size]' >open
printf '%s\n' '["main",1,"buy","1"]' '["second",2,"sell","2"]' >expected
same expected open
table account | jq -c 'select(.day) | [.account, .first_equity]' >days
echo '["second","500.1"]' >expected
same expected days
table alarms | is_true -s 'any(.alarm == "identity main" and .open and (.text | contains("main")))' ||
    fail 'no alarm for the lines of another account'
[ "$(grep -c 'level=error.*refused' differ.log)" -eq 2 ] || fail 'not every refused line was told'
table health | is_true '.skipped == 3 and .out == 2' || fail 'health counts otherwise'
grep -q 'msg="skipping a line: unknown word at byte 1" from="line 8"' differ.log || fail 'the line that is not JSON is not told'
# A line that is refused changes nothing.
table account | is_true -s 'any(.type == "heartbeat" and .account == "main" and .host == "api.bybit.com")' ||
    fail 'a refused heartbeat was stored'
exec 4>&-
ended differ 0
table health | is_true '.ended == true and .lines == 11' || fail 'health has no orderly end'
# The next start closes what only a running process can know.
"$B/differ" -d state </dev/null 2>next.log
table alarms | is_true -s 'any(.alarm == "identity main" and .open == false)' || fail 'the alarm stayed open'
[ "$(grep -c 'msg="\{0,1\}signal' differ.log)" -eq 2 ] || fail 'not one line a signal in the log'
has differ.log 'msg="\{0,1\}signal"\{0,1\} number=2 action=OPEN symbol=BTCUSDT' || fail 'the log does not name the signal'
