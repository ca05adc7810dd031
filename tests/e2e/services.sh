#!/bin/sh
# Both pipelines as runit services: started in any order, an alert trades; each
# stage killed (kill -9) comes back while the others live on, and the next alert
# trades; `check` asks the stage, so one that is stopped does not pass; `sv stop`
# ends each with 0 within its 7 seconds, trader with an order under way, too
# (F70), which is then decided once.
#
# Not tested: stages that fail again and again (services-loop.sh), runit's own
# start at boot, svlogd's rotation.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
. "$top/tests/services.sh"

services ALLOWED_SYMBOLS="$(coins 20)" $small
[ "$(stat -c %a "$SV/run")" = 700 ] || fail "run/ has mode $(stat -c %a "$SV/run")"
[ "$(stat -c %a "$SV/log")" = 700 ] || fail "log/ has mode $(stat -c %a "$SV/log")"

n=0
# trades WHAT: a new alert has one order, protected.
trades() {
	n=$((n + 1)) bar=$((bar + 60000))
	delivered "$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")" 20
	is "$1: orders" 1 "$(booked)"
	wait_for 10 is_state protected
}
others() {
	for stage in $stages; do
		[ "$stage" = "$1" ] || printf '%s %s\n' "$stage" "$(stage_pid "$stage")"
	done
}

# In an order in which nobody finds whom it writes to.
for stage in webhookd risker poller trader differ notifier; do
	sv up $stage
	wait_for 10 stage_is run $stage
done
wait_for 15 fed
wait_for 15 connected
sv check $stages >/dev/null || fail "sv check: $(sv status $stages)"
trades 'at first'
# A second time, under services that run.
install_services || fail "install-services again: $(cat install.out)"

# back STAGE PID: it is there again, not its run, nor its finish.
back() {
	[ "$(stage_pid "$1")" != "$2" ] && [ "$(cat "/proc/$(stage_pid "$1")/comm")" = "$1" ] && check "$1"
}
for victim in $stages; do
	others $victim >others.before
	pid=$(stage_pid $victim)
	kill -KILL "$pid"
	wait_for 10 back $victim "$pid"
	others $victim >others.after
	same others.before others.after
	trades "after the end of $victim"
	has "$victim.log" 'ended with signal 9: starting it again in 1 s' || fail "$victim: finish said nothing"
done

# The pid is there; the stage is not.
for stage in differ notifier risker trader webhookd; do
	kill -STOP "$(stage_pid $stage)"
done
for stage in differ notifier risker trader webhookd; do
	check $stage &
	eval "check_$stage=$!"
done
for stage in differ notifier risker trader webhookd; do
	! eval "wait \$check_$stage" || fail "check of $stage: it is stopped, and passes"
done
for stage in differ notifier risker trader webhookd; do
	kill -CONT "$(stage_pid $stage)"
done
sv check $stages >/dev/null || fail "sv check after CONT: $(sv status $stages)"
trades 'after CONT'
eventually 20 told

# SIGTERM while an order is under way.
n=$((n + 1)) bar=$((bar + 60000))
control fault "{\"path\":\"/v5/order/create\",\"match\":\"$(coin $n)\",\"delay_ms\":2000}"
body=$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")
post_body "$body" -m 0.5
is_sent() {
	[ "$(sent)" -eq 1 ]
}
wait_for 10 is_sent
sv stop trader >/dev/null || fail "sv stop trader: $(sv status trader)"
is_state sent || is_state filled || is_state protected || fail "the order under way: $(state)"
sv start trader >/dev/null || fail "sv start trader: $(sv status trader)"
delivered "$body"
is 'after sv stop: requests' 1 "$(sent)"
is 'after sv stop: orders' 1 "$(booked)"
wait_for 10 is_state protected
judge told

sv stop $stages >/dev/null || fail "sv stop: $(sv status $stages)"
for stage in $stages; do
	# finish says what was no orderly end; each was killed once.
	is "$stage: bad ends" 1 "$(grep -c 'ended with' "$stage.log")"
	[ ! -e "$SVDIR/$stage/failures" ] || fail "$stage: an orderly end did not clear its failures"
done
# Settings that no longer trade: what is left from before is named.
sed -i /WEBHOOK_SECRET/d settings
install_services || fail "install-services: $(cat install.out)"
has install.out "risker has one from before.*sv exit $SV/service/risker" || fail "install-services: $(cat install.out)"
[ -z "$(find "$SV/run" "$SV/alarm" -type s -o -type f)" ] || fail "left: $(find "$SV/run" "$SV/alarm" -type s -o -type f)"
"$top/scripts/status" -d "$S" >status.out 2>&1 || fail "status: $(cat status.out)"
