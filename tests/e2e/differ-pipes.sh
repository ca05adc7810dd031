#!/bin/sh
# differ as a filter: files, pipes, tee and jq; F92 (a reader that is gone),
# F93 (half a line), F95 (a lone line comes at once), F100 (no newline),
# SIGTERM, exit codes.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/differ.sh"
requires jq perl

recording 200 >in.ndjson

# The same bytes from a file, through a pipe, through tee, behind jq.
"$B/differ" -d a <in.ndjson >file.out 2>file.log
[ "$(wc -l <file.out)" -eq 199 ] || fail 'other signals than expected'
# shellcheck disable=SC2002
cat in.ndjson | "$B/differ" -d b 2>pipe.log | cat >pipe.out
same file.out pipe.out
tee copy.ndjson <in.ndjson | "$B/differ" -d c 2>tee.log | tee tee.out >/dev/null
same file.out tee.out
same in.ndjson copy.ndjson
jq -c . <in.ndjson | "$B/differ" -d d 2>jq.log | jq -c 'select(.action == "INCREASE") | del(.journal)' >jq.out
jq -c 'select(.action == "INCREASE") | del(.journal)' file.out >expected
same expected jq.out
"$B/differ" -d e </dev/null >empty.out 2>empty.log || fail 'an empty input is an error'
[ ! -s empty.out ] || fail 'an empty input gave a line'

# F95: each line comes out when it is made, with pipes on both sides.
perl - "$B/differ" in.ndjson <<'END' || fail 'F95: a lone line was late'
use strict; use IPC::Open2; use Time::HiRes 'time';
my ($differ, $file) = @ARGV;
open(my $in, '<', $file) or die; my @lines = <$in>;
my $pid = open2(my $from, my $to, "exec $differ -d lone 2>lone.log");
$to->autoflush(1);
print $to $lines[0], $lines[1];
my $first = <$from>;
my @took;
for my $line (@lines[2 .. 21]) {
	my $begin = time;
	print $to $line;
	my $got = <$from>;
	die 'nothing came' unless defined $got && $got =~ /INCREASE/;
	push @took, time - $begin;
}
close $to; waitpid $pid, 0;
# What waited for a timer would do so each time; a busy machine does not.
@took = sort { $a <=> $b } @took;
die "three quarters took more than $took[4] s" if $took[4] > 0.1;
END

# F95, behind more than one commit takes: what was read already is not left
# lying when nothing more comes.
perl - "$B/differ" in.ndjson <<'END' || fail 'F95: the last lines of a backlog were left lying'
use strict; use IPC::Open2;
my ($differ, $file) = @ARGV;
open(my $in, '<', $file) or die; my @lines = <$in>;
my $pid = open2(my $from, my $to, "exec $differ -d behind 2>behind.log");
fcntl($to, 1031, 1 << 20);	# F_SETPIPE_SZ: all of it waits at once
my $other = '{"type":"other","text":"' . 'x' x 5000 . '"}' . "\n";
syswrite $to, $other x 210 . $lines[0] . $lines[1] or die;
local $SIG{ALRM} = sub { kill 'KILL', $pid; die "nothing came\n" };
alarm 10;
my $got = <$from>;
die "not the signal\n" unless defined $got && $got =~ /OPEN/;
close $to; waitpid $pid, 0;
END

# F92: the reader closes; SIGPIPE default or ignored.  The state has it all.
for how in default ignored; do
	rm -rf gone
	(
		[ "$how" = default ] || trap '' PIPE
		status=0
		rm -f gone.status gone.reader
		{
			cat in.ndjson
			wait_for 10 test -e gone.reader
			snap 300 ''
			snap 301 "$(row ETHUSDT Buy 1 10 1)"
			wait_for 10 test -e gone.status
		} 2>/dev/null | { "$B/differ" -d gone 2>gone.log || status=$?; echo "$status" >gone.status; } | {
			head -n 1 >gone.out
			exec <&-
			: >gone.reader
		}
	)
	[ "$(cat gone.status)" -eq 74 ] || fail "F92 ($how): status $(cat gone.status), expected 74"
	grep -q 'level=error.*unable to write' gone.log || fail "F92 ($how): no clear message"
	events gone >journal
	# How many of the lines it had taken by then, the pipes decide.
	[ -s journal ] || fail "F92 ($how): events are lost"
	sed -n "1,$(wc -l <journal)p" file.out >expected
	[ "$(wc -l <journal)" -gt 199 ] || same expected journal
done

# F93: the input ends inside a line: before it everything is taken, exit 65.
status=0
{ head -n 3 in.ndjson; sed -n 4p in.ndjson | head -c 100; } |
    "$B/differ" -d cut >cut.out 2>cut.log || status=$?
[ "$status" -eq 65 ] || fail "F93: status $status, expected 65"
[ "$(wc -l <cut.out)" -eq 2 ] || fail 'F93: what came before the piece is lost'
# A last piece that is a whole object counts.
{ head -n 3 in.ndjson; sed -n 4p in.ndjson | tr -d '\n'; } | "$B/differ" -d tail >tail.out 2>tail.log
[ "$(wc -l <tail.out)" -eq 3 ] || fail 'F93: a whole last line is lost'

# F100: 20 MB without a newline, then lines go on; memory stays bounded.
mkfifo long
spawn long sh -c "exec '$B/differ' -d long.state <long"
exec 4>long
{ head -n 2 in.ndjson; head -c 50000000 /dev/zero | tr '\0' x; echo; sed -n 3p in.ndjson; } >&4
wait_for 20 has "$T/long.out" '"seq":2,'
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid_of long)/status")
exec 4>&-
ended long 0
[ "$(wc -l <long.out)" -eq 2 ] || fail 'F100: the lines around it are lost'
grep -q 'level=warn.*line 3' long.log || fail 'F100: it is not said which line'
[ "${V:-}" = asan ] || [ "$peak" -lt 20000 ] || fail "F100: it took $peak KiB"

# SIGTERM: what was taken is drained; the end is an orderly one.
mkfifo fifo
spawn term sh -c "exec '$B/differ' -d term <fifo"
exec 4>fifo
head -n 50 in.ndjson >&4
wait_for 10 has "$T/term.out" '"seq":49,'
stop term
exec 4>&-
"$B/statecat" -d term differ/health | grep -q '"ended":true' || fail 'no orderly end in health'
grep -q 'msg="\{0,1\}drained' term.log || fail 'it did not say that it drained'
