# tests/lib.sh - what every end-to-end test shares.  Sourced, by sh scripts:
#
#   . "$(dirname "$0")/../lib.sh"
#
# Gives: $B the folder with the programs, $K the one with those that have kill
# points, $T a temporary folder that is removed at the end, $top the project's
# root, and the functions below.  Whatever a test starts through spawn is ended,
# however the test ends.  A test that cannot run here calls skip; one that fails
# calls fail.  A trap on EXIT of its own must hand on the status to lib_cleanup.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${O:-build}
case $B in /*) ;; *) B=$top/$B ;; esac
[ "${V:-}" = asan ] && K=$B || K=$B/kill
name=$(basename "$0" .sh)
T=$(mktemp -d "${TMPDIR:-/tmp}/sluice-$name.XXXXXX")
spawned='' mounted=''
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY no_proxy

# Nothing of the caller's own set-up may leak into a test.
for setting in $(env | sed -n 's/^\(\(BYBIT\|WEBHOOK\|ADMIN\|TELEGRAM\|NOTIFY\|STATE\|MAX\|STOP\|SIGNAL\|ALERT\)_[A-Z_]*\|POSITION_SIZING\|ATR_MULTIPLIER\|TREND_THRESHOLD\|ACCOUNT\|CA_FILE\|ALLOWED_SYMBOLS\|LEVERAGE\|OPERATOR_CHAT\|LOG_LEVEL\|DRY_RUN\|TZ\)=.*/\1/p'); do
	unset "$setting"
done
export LC_ALL=C.UTF-8
cd "$T"

say() {
	printf '%s: %s\n' "$name" "$*" >&2
}

# fail MESSAGE: the test has failed; the logs of what it started follow.
fail() {
	say "FAILED: $*"
	for log in "$T"/*.log; do
		[ -s "$log" ] || continue
		printf -- '--- %s\n' "${log##*/}" >&2
		tail -n 25 "$log" >&2
	done
	exit 1
}

# kill_points PROGRAM...: they are needed with kill points (common/killpoint.h).
kill_points() {
	for program; do
		[ -x "$K/$program" ] || skip "no $program with kill points: make V=kill"
	done
}

# skip REASON: this machine cannot run the test.
skip() {
	say "skipped: $*"
	exit 77
}

# requires PROGRAM...: skip where one is missing.
requires() {
	for program; do
		command -v "$program" >/dev/null 2>&1 || skip "$program is not installed"
	done
}

# spawn NAME COMMAND...: in the background, standard output to NAME.out and
# standard error to NAME.log.
spawn() {
	spawn_name=$1
	shift
	# What an earlier one said must not be read as this one's.
	: >"$T/$spawn_name.out"
	"$@" >"$T/$spawn_name.out" 2>>"$T/$spawn_name.log" &
	eval "pid_$spawn_name=$!"
	spawned="$spawned $spawn_name"
}

pid_of() {
	eval "printf '%s\n' \"\$pid_$1\""
}

# stop NAME: SIGTERM must lead to exit 0.
stop() {
	stop_pid=$(pid_of "$1")
	kill -TERM "$stop_pid" 2>/dev/null || :
	stop_status=0
	wait "$stop_pid" || stop_status=$?
	forget "$1"
	[ "$stop_status" -eq 0 ] || fail "$1 ended with $stop_status after SIGTERM"
}

# ended NAME [STATUS]: wait for it to end by itself; with another STATUS the test
# has failed.  Sets $ended_status.  Not for $(...): a subshell cannot wait for
# what its parent started.
ended() {
	ended_status=0
	wait "$(pid_of "$1")" || ended_status=$?
	forget "$1"
	[ "$ended_status" -eq "${2:-$ended_status}" ] ||
	    fail "$1 ended with $ended_status, not $2"
}

# is_stopped NAME: by a signal, as a kill point can have it.
is_stopped() {
	grep -q '^State:[^A-Z]*T' "/proc/$(pid_of "$1")/status"
}

# kill9 NAME
kill9() {
	kill -KILL "$(pid_of "$1")" 2>/dev/null || :
	wait "$(pid_of "$1")" 2>/dev/null || :
	forget "$1"
}

forget() {
	spawned=$(printf '%s\n' $spawned | grep -vx "$1" | tr '\n' ' ' || :)
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails after SECONDS.
wait_for() {
	wait_left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		wait_left=$((wait_left - 1))
		[ "$wait_left" -gt 0 ] || fail "gave up waiting for: $*"
		sleep 0.05
	done
}

# has FILE PATTERN [N]: at least N (1) lines match.
has() {
	[ -e "$1" ] && [ "$(grep -c -- "$2" "$1")" -ge "${3:-1}" ]
}

# is WHAT EXPECTED ACTUAL
is() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', not '$3'"
}

# is_true [JQ OPTION...] FILTER [FILE...]: what the filter makes of it is true,
# once.  jq -e is content with nothing at all, and with the last of many.
is_true() {
	is_true_got=$(jq "$@") && [ "$is_true_got" = true ]
}

# same EXPECTED ACTUAL: two files are alike, or the test fails with the diff.
same() {
	diff -u "$1" "$2" >&2 || fail "$2 is not as expected"
}

# free_port: one that nobody listens on, nor gets from the kernel while what is to
# listen there starts, or starts again: it is below those.
free_port() {
	perl -MIO::Socket::INET -e 'do { $port = 10000 + int rand 22000 }
		until IO::Socket::INET->new(Listen => 1, LocalAddr => "0.0.0.0:$port"); print $port'
}

# send SOCKET: standard input to a Unix socket, as a peer would.
send() {
	# shellcheck disable=SC2016
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => shift) or die "connect: $!";
		print $s $_ while <STDIN>; close $s' "$1"
}

# exchange [OPTION...]: the stand-in on a free port.  Sets $URL and $JOURNAL,
# and the settings that make the programs use it; it takes any number of
# messages at a time.
exchange() {
	JOURNAL=$T/journal.ndjson
	spawn exchange "$B/exchange" -l 127.0.0.1:0 -j "$JOURNAL" "$@"
	wait_for 10 has "$T/exchange.out" '"listening"'
	URL=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$T/exchange.out" | head -n 1)
	export BYBIT_BASE_URL="$URL" BYBIT_API_KEY=test_api_key \
	    BYBIT_API_SECRET=test_secret TELEGRAM_API_URL="$URL" \
	    TELEGRAM_RATE=0 TELEGRAM_CHAT_RATE=0 TELEGRAM_GROUP_RATE=0
}

# control PATH JSON: tell the stand-in something, e.g.
# control price '{"BTCUSDT":"48000"}'
control() {
	curl -sS --fail-with-body -m 10 -o "$T/control.out" -d "$2" "$URL/control/$1" >&2 ||
	    fail "/control/$1 $2: $(cat "$T/control.out" 2>/dev/null)"
}

lib_cleanup() {
	lib_status=$?
	trap - EXIT INT TERM
	for spawn_name in $spawned; do
		kill -CONT "$(pid_of "$spawn_name")" 2>/dev/null || :
		kill -KILL "$(pid_of "$spawn_name")" 2>/dev/null || :
	done
	wait 2>/dev/null || :
	cd /
	for lib_mount in $mounted; do
		umount "$lib_mount" 2>/dev/null || umount -l "$lib_mount" 2>/dev/null || :
	done
	[ -n "${KEEP:-}" ] || rm -rf "$T"
	exit "$lib_status"
}
trap lib_cleanup EXIT

# mount_tmpfs DIR OPTIONS: a file system of its own there, until the test ends.
mount_tmpfs() {
	mount -t tmpfs -o "$2" tmpfs "$1" && mounted="$mounted $T/$1"
}

# small_disk MIB: a file system of that size at disk, until the test ends.
small_disk() {
	[ "$(id -u)" -eq 0 ] || skip 'not root: no file system of its own to fill'
	mkdir disk
	mount_tmpfs disk "size=${1}m" 2>/dev/null || skip 'no tmpfs can be mounted here'
}

# fill_disk: what is left of it is taken by disk/filler.
fill_disk() {
	dd if=/dev/zero of=disk/filler bs=4k 2>/dev/null || :
}
trap 'exit 130' INT TERM
