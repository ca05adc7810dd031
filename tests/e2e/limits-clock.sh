#!/bin/sh
# F20, F56: this machine's clock is an hour off, at the start, or all of a
# sudden and back again, for each program.  What counts by Bybit's time goes on;
# the poller does not begin with such a clock, and trader refuses entries, with
# an alarm, and lets closes through.
#
# Not tested: drifts of seconds (poller-clock, trader-caps); what is late or
# stale by such a clock (unit/test-notifier, notifier-watch).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/limits.sh"
# The library itself: the command faketime would stand between us and what it
# started.
lib=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1)
[ -n "$lib" ] || skip 'faketime is not installed'
! ldd "$B/differ" | grep -q libasan || skip 'faketime and a sanitizer do not go together'
exchange
control limits '{"per_ip":0,"per_second":1000}'
# The clock is a file that is read each time, which a confined process may not;
# a message is not late for an hour.
export CONFINE=false NOTIFY_OPEN_MAX_AGE=7200 STATE_MAX_AGE=3600

# stepped PROGRAM: its clock is what the file says.
stepped() {
	echo +0 >clock
	begin "$1" env LD_PRELOAD="$lib" FAKETIME_TIMESTAMP_FILE="$T/clock" FAKETIME_NO_CACHE=1 \
	    FAKETIME_DONT_FAKE_MONOTONIC=1
}
# step OFF: the clock of what runs, and of what is given to it.
step() {
	echo "$1" >clock
	skew=$(echo "$1" | sed 's/+0$//; s/h$/ hour/')
}
# entry: an order of today's, for trader.
entry() {
	works=$((works + 1))
	printf '{"type":"order","id":"%032d","time":"%s","expires":"%s","account":"main","category":"linear","symbol":"BTCUSDT","action":"buy","side":"Buy","qty":"0.020","price":"47500.00","stop_loss":"46550.00","signal_strength":"4","risk_metrics":{"exposure":"9.50","drawdown":"0.00","daily_pnl":"0.00","daily_trades":1,"open_positions":1},"warnings":[]}\n' \
	    "$works" "$(now)" "$(now '+29 sec')" >order
	"$B/decide" -d trader/state <order 2>/dev/null
	send trader/in <order
}
alarm() {
	"$B/statecat" -d trader/state trader/alarms 2>/dev/null | grep '"alarm":"clock"' | grep -q "\"open\":$1"
}

for program in $programs; do
	for off in -1h +1h; do
		stepped "$program"
		ready "$program"
		work "$program"
		step "$off"
		work "$program"
		if [ "$program" = trader ]; then
			wait_for 10 alarm true
			entry
			wait_for 10 has trader.lines "$works.*\"code\":422.*clock is"
		fi
		step +0
		work "$program"
		[ "$program" != trader ] || wait_for 10 alarm false
		stop "$program"

		# From the start on.
		step "$off"
		begin "$program" env LD_PRELOAD="$lib" "FAKETIME=$off" FAKETIME_DONT_FAKE_MONOTONIC=1
		ready "$program"
		if [ "$program" = poller ]; then
			wait_for 10 has poller.lines '"ok":false,"error":"the local clock says .*, Bybit.s .*: set the clock'
			: >poller.lines
		else
			work "$program"
		fi
		stop "$program"
		step +0
	done
done
! grep -q '"booked":true' "$JOURNAL" || fail 'an entry was sent'
