#!/bin/sh
# What each program may still do once it runs: the whole trading pipeline and
# notifier trade with what the kernel has (no new privileges, no capability,
# seccomp, Landlock); somebody inside (tests/intruder.c, preloaded) is refused
# all but the program's own work.  CONFINE=false lets him, and warns.
#
# Not tested: names asked over UDP, which Landlock does not hold back; a kernel
# without Landlock; seccomp's list, which unit/test-confine goes through.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
requires cc
! ldd "$B/trader" | grep -q libasan || skip 'the sanitizers must be loaded first, and read what they like'

cc -std=c17 -D_GNU_SOURCE -Wall -Wextra -O1 -fPIC -shared -o intruder.so "$top/tests/intruder.c"
mkdir -m 700 outside
echo 'BYBIT_TRADE_API_SECRET=x' >outside/settings
exchange
spawn other "$B/exchange" -l 127.0.0.1:0
wait_for 10 has other.out '"listening"'
other=$(sed -n 's/.*:\([0-9]*\)".*/\1/p' other.out)

# inside STAGE: its program gets the intruder with it.
inside() {
	printf '%s\n' "LD_PRELOAD=$T/intruder.so" "INTRUDER_OUT=$T/$1.tried" "INTRUDER_OUTSIDE=$T/outside" \
	    "INTRUDER_BYBIT=${URL##*:}" "INTRUDER_OTHER=$other"
}
# shellcheck disable=SC2046 # the paths have no blanks
{
	poller() { spawn poller env $(inside poller) "$B/poller" -o unix:run/differ.sock; }
	differ() { spawn differ env $(inside differ) "$B/differ" -i unix:run/differ.sock -o unix:run/webhookd.sock -o unix:run/notifier.sock; }
	trader() { spawn trader env $(inside trader) "$@" "$B/trader" -i unix:run/trader.sock -o unix:run/webhookd.sock; }
	risker() { spawn risker env $(inside risker) "$B/risker" -i unix:run/risker.sock -o unix:run/trader.sock; }
	webhookd() {
		spawn webhookd env $(inside webhookd) "$B/webhookd" -i unix:run/webhookd.sock -o unix:run/risker.sock -s unix:run/differ.sock
	}
	notifier() { spawn notifier env $(inside notifier) TELEGRAM_BOT_TOKEN=123:abc "$B/notifier" -i unix:run/notifier.sock; }
}
stages='poller differ notifier webhookd risker trader'
"$B/subscribers" add ann -c telegram -t 1 -b 10
notifier
trading $small
delivered "$(alert_body)" 20
is orders 1 "$(booked)"

# field STAGE NAME: of /proc/PID/status.
field() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$(pid_of "$1")/status"
}
landlock=$(sed -n 's/.*msg="confined.*landlock=\([0-9]*\).*/\1/p' trader.log)
seccomp=$(sed -n 's/.*msg="confined.*seccomp=\([0-9]*\).*/\1/p' trader.log)
[ -n "$landlock" ] && [ -n "$seccomp" ] || fail 'trader does not say how it is confined'
for stage in $stages; do
	is "$stage: NoNewPrivs" 1 "$(field $stage NoNewPrivs)"
	is "$stage: CapPrm" 0000000000000000 "$(field $stage CapPrm)"
	[ "$seccomp" = 0 ] || is "$stage: Seccomp" 2 "$(field $stage Seccomp)"
	is "$stage: lines that tell" 1 "$(grep -c 'msg="confined' $stage.log)"
	# A secret in argv is everybody's; the environment is its user's alone.
	! tr '\0' '\n' <"/proc/$(pid_of $stage)/cmdline" | grep -qF -e "$WEBHOOK_SECRET" -e "$BYBIT_API_SECRET" -e 123:abc ||
	    fail "$stage has a secret in its arguments"
done

# tried STAGE: what the intruder met there, by name.
tried() {
	: >"$S/decoy"
	kill -USR2 "$(pid_of "$1")"
	wait_for 10 has "$T/$1.tried" '^end 0'
	grep -v '^end' "$T/$1.tried" | while read -r what errno; do
		case $errno in
		0) echo "$what: works" ;;
		1 | 13) echo "$what: refused" ;;
		*) echo "$what: errno $errno" ;;
		esac
	done | sort
}
# may STAGE WHAT...: exactly that worked.
may() {
	may_stage=$1
	shift
	for what in connect-bybit connect-other exec read-settings read-state remove-state signal write-outside; do
		case " $* " in
		*" $what "*) echo "$what: works" ;;
		*) echo "$what: refused" ;;
		esac
	done >expect
	tried "$may_stage" >got
	say "$may_stage may: $(grep -c works got) of $(wc -l <got)"
	same expect got
}
if [ "$seccomp" = 0 ] || [ "$landlock" -lt 6 ]; then
	say "skipped: what an intruder meets: this kernel has Landlock $landlock, seccomp $seccomp"
else
	may poller connect-bybit
	may differ read-state
	may risker read-state
	may trader read-state remove-state connect-bybit
	may webhookd read-state remove-state
	may notifier read-state connect-bybit connect-other
fi

# They go on as if nothing had been, and nothing that they need is refused.
bar=$((bar + 60000))
delivered "$(alert_body '{"symbol":"ETHUSDT","price":"2500.00"}')" 20
is 'orders after that' 1 "$(booked)"
judge
for stage in webhookd risker trader poller differ notifier; do
	stop $stage
	! grep -E 'level=(warn|error)' $stage.log | grep -Ei 'denied|not permitted' || fail "$stage needed what it may not do"
done

# Switched off it says so, and nothing is held back.
trader_log=$(wc -l <trader.log)
rm trader.tried
trader CONFINE=false
wait_for 10 has trader.log 'msg=ready\|msg="ready"' 2
tail -n +$((trader_log + 1)) trader.log | grep -q 'level=warn.*CONFINE=false' || fail 'CONFINE=false is not warned of'
kill -USR2 "$(pid_of trader)"
# The intruder's last attempt replaces the program.
ended trader 0
[ -s trader.tried ] && ! grep -v ' 0$' trader.tried || fail 'CONFINE=false holds something back'
