#!/bin/sh
# What a process is refused: descriptors 0 to 2, open files, size of files,
# memory, processes.  Each of the six programs either works, or ends with words
# that name what was too small, and its state is whole: with the limit gone the
# next start goes on.
#
# Not tested: a limit below which the C library itself cannot be loaded.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/limits.sh"
requires prlimit
# The search for leaks needs a process of its own, and descriptors.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
exchange
control limits '{"per_ip":0,"per_second":1000}'
plain_user

# lives PROGRAM COMMAND...: under COMMAND it works, and ends in order.
lives() {
	begin "$@"
	ready "$1"
	work "$1"
}
# dies PROGRAM STATUS WORDS COMMAND...: under COMMAND it cannot start.
dies() {
	dies_name=$1 dies_status=$2 dies_words=$3
	shift 3
	begin "$dies_name" "$@"
	ended "$dies_name" "$dies_status"
	has "$dies_name.log" "level=error.*$dies_words" || fail "$dies_name under $*: it does not say '$dies_words'"
}
file() {
	readlink "/proc/$(pid_of "$1")/fd/$2"
}

for program in $programs; do
	# Closed descriptors: no socket and no state takes their place.
	lives "$program" sh -c 'exec "$@" <&- >&- 2>&-' sh
	# Of a program that is not dumpable only root is shown them.
	[ "$(id -u)" -ne 0 ] || for fd in 0 1 2; do
		[ "$(file "$program" $fd)" = /dev/null ] || fail "$program has $(file "$program" $fd) as descriptor $fd"
	done
	stop "$program"

	# F41: the soft limit of open files is only where one begins.
	lives "$program" prlimit --nofile=16:4096
	grep -q '^Max open files *4096 *4096 ' "/proc/$(pid_of "$program")/limits" || fail "$program leaves its limit as it is"
	! has "$program.log" 'the limit of open files is low' || fail "$program complains of 4096 files"
	stop "$program"
	lives "$program" prlimit --nofile=48
	stop "$program"
	[ "$program" != webhookd ] || has webhookd.log 'level=warn.*the limit of open files is low.* limit=48 expected=448' ||
	    fail 'F41: webhookd does not warn'

	# One process, and no thread: names are not looked up here.
	lives "$program" prlimit --nproc=1
	stop "$program"
done

dies poller 71 'Too many open files' prlimit --nofile=8
for program in $stateful; do
	dies "$program" 74 'Too many open files' prlimit --nofile=8
	# Here the state can be opened, and what comes next cannot.
	for files in 10 12 14 16 18; do
		begin "$program" prlimit --nofile=$files
		wait_for 15 any "$program" Too.many.open.files ready
		! has "$program.log" 'out of memory' || fail "$program with $files files calls it memory"
		kill9 "$program"
	done
	# A standard input that is closed is no end of the input.
	status=0
	STATE_DIR=$program/state $PLAIN "$B/$program" <&- >closed.out 2>closed.log || status=$?
	[ "$status" -eq 74 ] && has closed.log 'unable to read: Bad file descriptor' || fail "$program <&- ended with $status"
done
status=0
timeout 20 "$B/poller" >&- 2>closed.log || status=$?
[ "$status" -eq 74 ] && has closed.log 'unable to write: Bad file descriptor' || fail "poller >&- ended with $status"

# Files that may not grow: at the start, and under way; SIGXFSZ kills nobody.
for program in $stateful; do
	rm -rf "$program/state"
	$PLAIN mkdir -m 700 "$program/state"
	[ "$program" = notifier ] || dies "$program" 74 'raise the limit of file sizes' prlimit --fsize=6000
	lives "$program"
	stop "$program"
	begin "$program" prlimit --fsize=$(($(stat -c %s "$program/state/$program.mdb") + 6000))
	ready "$program"
	# Until the pages that are free are used up.
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		! has "$program.log" 'raise the limit of file sizes' || break
		give "$program"
		sleep 0.1
	done
	wait_for 15 has "$program.log" 'level=error.*unable to .*the limit of file sizes'
done
for program in $stateful; do kill -TERM "$(pid_of "$program")"; done
for program in $stateful; do
	ended "$program"
	# What is tried again may do with the pages that were free.
	[ "$ended_status" -eq 74 ] || { [ "$ended_status" -eq 0 ] && any "$program" 'works again' 'committed again'; } ||
	    fail "$program ended with $ended_status"
	lives "$program"
	stop "$program"
done

# Memory: the map is address space.  A sanitizer needs terabytes of it.
if ! ldd "$B/differ" | grep -q libasan; then
	for program in $stateful; do
		dies "$program" 74 'Cannot allocate memory: the limit of memory' prlimit --as=50000000
		lives "$program" prlimit --as=200000000
		stop "$program"
	done
fi
