#!/bin/sh
# F72, for the programs that differ-full and risker-full are not about: the map
# is full.  No result is said that is not stored; with a larger map it goes on, and
# everything is told, once.
#
# Not tested: the alarm before it comes to that (unit/test-store, unit/test-stage).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/limits.sh"
exchange
control limits '{"per_ip":0,"per_second":1000}'

# many FROM N: pieces of work, as lines.
many() {
	awk -v from="$2" -v n="$3" -v now="$(now)" -v late="$(now '+29 sec')" -v program="$1" 'BEGIN {
		for (i = from; i < from + n; i++)
			if (program == "notifier")
				printf "{\"type\":\"signal\",\"seq\":%d,\"time\":\"%s\",\"account\":\"main\",\"signal_number\":%d,\"action\":\"OPEN\",\"category\":\"linear\",\"symbol\":\"A%dUSDT\",\"signal_type\":\"buy\",\"position_size\":\"0.5\",\"entry_price\":\"45000.5\",\"journal\":\"9f86d081\"}\n", i, now, i, i
			else
				printf "{\"type\":\"order\",\"id\":\"%032d\",\"time\":\"%s\",\"expires\":\"%s\",\"account\":\"main\",\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"action\":\"close\",\"signal_strength\":\"0\",\"risk_metrics\":{\"exposure\":\"9.50\",\"drawdown\":\"0.00\",\"daily_pnl\":\"0.00\",\"daily_trades\":1,\"open_positions\":1},\"warnings\":[],\"test\":true}\n", i, now, late
	}'
}
# told PROGRAM: the numbers of what was told, in order of number.  trader may have
# found the first one before its line came, which it then answers once more.
told() {
	case $1 in
	notifier) jq -r 'select(.ok) | .seq' notifier.lines ;;
	trader) jq -r 'select(.code == 200) | .id | sub("^0*"; "")' trader.lines ;;
	esac | sort -n | awk -v first="$works" '$1 != first || !seen++'
}
# stored PROGRAM: of what is final in its state.
stored() {
	case $1 in
	notifier) "$B/statecat" -d notifier/state deliveries | jq -r 'select(.state == "delivered") | .seq' ;;
	trader) "$B/statecat" -d trader/state orders | jq -r 'select(.state == "dry" or .state == "closed") | .id | sub("^0*"; "")' ;;
	esac | sort -n
}

for program in notifier trader; do
	export STATE_MAP_SIZE=1M
	begin $program
	ready $program
	work $program
	many $program 1000 900 >lines
	# trader finds what was decided; whoever sends to the other may have to wait.
	if [ $program = trader ]; then
		"$B/decide" -d trader/state <lines
	else
		send notifier/in <lines 2>/dev/null &
		sender=$!
	fi
	wait_for 30 has $program.log 'level=error.*raise STATE_MAP_SIZE'
	sleep 0.5
	kill -TERM "$(pid_of $program)"
	ended $program 74
	wait "$sender" || :
	stored $program | sort >expect
	told $program | sort >got
	[ "$(wc -l <got)" -lt 901 ] || fail "the map of $program is not full"
	is "$program: stored, and not told" '' "$(comm -23 expect got)"
	# What a subscriber gets on standard output goes there first, and once more
	# where that could not be stored, as with any channel (F31): 16 at most.
	comm -13 expect got >unstored
	[ $program = trader ] && most=0 || most=16
	[ "$(wc -l <unstored)" -le $most ] || fail "$program told and did not store $(cat unstored)"

	export STATE_MAP_SIZE=64M
	begin $program
	ready $program
	[ $program = trader ] || send $program/in <lines
	{ echo "$works"; seq 1000 1899; cat unstored; } | sort -n >expect
	all_told() {
		told $program | cmp -s expect -
	}
	wait_for 30 all_told
	uniq expect >once
	stored $program | same once -
	stop $program
done
