# tests/services.sh - the stages as runit services, made by
# scripts/install-services in $T/sv, on the stand-in.  Sourced after
# tests/trading.sh.  Their settings are in ./settings, not in the environment.

requires runsvdir runsv sv svlogd
# The search for leaks at the end of a process can outlast runit's 7 seconds;
# the other tests of each program look for them.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}detect_leaks=0"
SV=$T/sv
stages='differ notifier poller risker trader webhookd'
export SVDIR="$SV/service"

# settings [VAR=VALUE...]: what is in the file, and these.
settings() {
	: >settings
	chmod 600 settings
	printf '%s\n' "STATE_MAP_SIZE=64M" "SIGNAL_POLL_INTERVAL=0.2" "WEBHOOK_SECRET='$WEBHOOK_SECRET'" \
	    "WEBHOOK_LISTEN=$WEBHOOK_LISTEN" "ADMIN_LISTEN=$ADMIN_LISTEN" "BYBIT_BASE_URL=$URL" \
	    BYBIT_API_KEY=test_api_key BYBIT_API_SECRET=test_secret "TELEGRAM_API_URL=$URL" "$@" >settings
}

# install_services [OPTION...]: what it says is in ./install.out.
install_services() {
	env -u STATE_DIR -u WEBHOOK_SECRET "$top/scripts/install-services" -b "${services_bin:-$B}" -d "$S" -e settings "$@" "$SV" >install.out 2>&1
}
# services [VAR=VALUE...]: an exchange and a home of services; none is up.
services() {
	exchange
	control limits '{"per_second":1000,"per_ip":0}'
	WEBHOOK_LISTEN=127.0.0.1:$(free_port)
	ADMIN_LISTEN=127.0.0.1:$(free_port)
	HOOK=http://$WEBHOOK_LISTEN ADMIN=http://$ADMIN_LISTEN
	settings "$@"
	# shellcheck disable=SC2119 # no options
	install_services || fail "install-services: $(cat install.out)"
	rmdir run
	ln -s "$SV/run" run
	for stage in $stages; do
		: >"$SVDIR/$stage/down"
		ln -s "$SV/log/$stage/current" "$T/$stage.log"
	done
	trap services_cleanup EXIT
	spawn runsvdir env -i PATH="$PATH" ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} runsvdir "$SVDIR"
	wait_for 10 supervised
}
supervised() {
	for stage in $stages; do
		grep -q . "$SVDIR/$stage/supervise/stat" && [ -e "$SV/log/$stage/lock" ] || return 1
	done
}

# stage_pid STAGE; stage_is STATE STAGE: down, run, finish.
stage_pid() {
	cat "$SVDIR/$1/supervise/pid"
}
stage_is() {
	grep -q "^$1" "$SVDIR/$2/supervise/stat"
}
# check STAGE: what its check says, now.
check() {
	(cd "$SVDIR/$1" && env -i PATH="$PATH" ./check)
}

services_cleanup() {
	services_status=$?
	set +e
	for stage in $stages; do
		kill -CONT "$(stage_pid "$stage")" 2>/dev/null
	done
	# Else it starts again what ends.
	kill -KILL "$(pid_of runsvdir)" 2>/dev/null
	sv -w 8 force-shutdown $stages >/dev/null 2>&1
	(exit "$services_status")
	lib_cleanup
}
