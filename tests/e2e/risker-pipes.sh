#!/bin/sh
# risker as a filter and as a service: files, pipes and sockets; F92 (a reader
# that is gone), F93 (half a line), F95 (a lone line comes at once), F100 (no
# newline), F79 (differ's state comes later, and is replaced), exit codes.
. "$(dirname "$0")/../lib.sh"
requires jq perl
replay=$top/tests/replay/risker

# alert N ACTION SYMBOL [MEMBERS]
alert() {
	printf '{"type":"alert","id":"%032d","time":"2026-11-21T10:30:00.000Z","action":"%s","symbol":"%s","trend_composite":"4","price":"%s"%s}\n' \
	    "$1" "$2" "$3" "$([ "$3" = BTCUSDT ] && echo 60000 || echo 3000)" "${4:-}"
}

# The same bytes from a file, through a pipe, through tee.
"$B/differ" -d a <"$replay/base.ndjson" 2>differ.log
cp -R a b
cp -R a c
cp -R a d
{
	alert 1 buy BTCUSDT
	alert 2 buy BTCUSDT
	alert 3 close ETHUSDT
} >in.ndjson
"$B/risker" -d a <in.ndjson >file.out 2>file.log
[ "$(jq -r .type file.out | tr '\n' ' ')" = 'order result order ' ] || fail 'other decisions than expected'
# shellcheck disable=SC2002
cat in.ndjson | "$B/risker" -d b 2>pipe.log | cat >pipe.out
same file.out pipe.out
tee copy.ndjson <in.ndjson | "$B/risker" -d c 2>tee.log | tee tee.out >/dev/null
same file.out tee.out
[ "$(grep -c 'msg="decision"' file.log)" -eq 3 ] || fail 'a decision is not in the log'

# F95: each line comes out when it is made, with pipes on both sides.
alert 9 buy ETHUSDT >lone.ndjson
perl - "$B/risker" lone.ndjson <<'END' || fail 'F95: a lone line was late'
use strict; use IPC::Open2; use Time::HiRes 'time';
my ($risker, $file) = @ARGV;
open(my $in, '<', $file) or die; my $line = <$in>;
my $pid = open2(my $from, my $to, "exec $risker -d d 2>lone.log");
$to->autoflush(1);
my @took;
for my $n (1 .. 21) {
	(my $own = $line) =~ s/0009"/sprintf('%04d"', $n)/e;
	my $begin = time;
	print $to $own;
	my $got = <$from>;
	die 'nothing came' unless defined $got && $got =~ /"id":"0*$n"/;
	push @took, time - $begin;
}
close $to; waitpid $pid, 0;
die "status $?" if $? != 0;
# What waited for a timer would do so each time; a busy machine does not.
@took = sort { $a <=> $b } @took;
die "three quarters took more than $took[4] s" if $took[4] > 0.1;
END

# F93: half a line at the end; a last line without its newline is whole.
alert 4 close BTCUSDT | tr -d '\n' | "$B/risker" -d a >tail.out 2>tail.log || fail 'a whole last line is no half one'
[ "$(jq -r .id tail.out)" = "$(printf '%032d' 4)" ] || fail 'the last line was not taken'
status=0
{
	alert 5 close BTCUSDT
	alert 6 close BTCUSDT | cut -c 1-40 | tr -d '\n'
} | "$B/risker" -d a >cut.out 2>cut.log || status=$?
[ "$status" -eq 65 ] || fail "F93: a cut line gave $status, not 65"
[ "$(wc -l <cut.out)" -eq 1 ] || fail 'F93: the line before the cut one is missing'

# F100: no newline at all, then a good line.
{
	head -c 20000000 /dev/zero | tr '\0' x
	echo
	alert 7 close BTCUSDT
} | "$B/risker" -d a >long.out 2>long.log || fail 'F100: a long line ended it'
[ "$(wc -l <long.out)" -eq 1 ] || fail 'F100: the line behind a long one is missing'

# F92: the reader is gone; the state has the decision, and it comes again.
status=0
alert 8 close BTCUSDT | {
	"$B/risker" -d a 2>gone.log || status=$?
	echo "$status" >gone.status
} | :
wait_for 10 test -s gone.status
[ "$(cat gone.status)" -eq 74 ] || [ "$(cat gone.status)" -eq 0 ] || fail "F92: ended with $(cat gone.status)"
alert 8 close BTCUSDT | "$B/risker" -d a 2>again.log | has /dev/stdin '"action":"close"' ||
    fail 'F92: the decision is gone'

# Settings and options.
status=0
MAX_EXPOSURE=none "$B/risker" -n -d a 2>bad.log || status=$?
[ "$status" -eq 78 ] || fail "a bad setting gave $status"
has bad.log MAX_EXPOSURE || fail 'the bad setting is not named'
"$B/risker" -n -d a || fail '-n of a good state failed'
"$B/risker" -n -d nowhere || fail '-n without a state failed'
[ ! -e nowhere ] || fail '-n made a state'
status=0
"$B/risker" -x 2>usage.log || status=$?
[ "$status" -eq 64 ] || fail "a bad option gave $status"

# As a service: two peers, a consumer that comes and goes, a second instance.
mkdir -m 700 run
spawn risker "$B/risker" -d s -i unix:run/risker.sock -o unix:run/trader.sock
wait_for 10 test -S run/risker.sock
status=0
"$B/risker" -d s </dev/null 2>second.log || status=$?
[ "$status" -ne 0 ] || fail 'a second instance started'
has second.log "$(pid_of risker)" || fail 'the second instance does not say who holds the state'

cat >trader.pl <<'END'
use strict; use IO::Socket::UNIX;
$| = 1; unlink 'run/trader.sock';
my $l = IO::Socket::UNIX->new(Local => 'run/trader.sock', Listen => 1) or die "$!";
while (my $s = $l->accept) { print while <$s>; }
END
decisions() {
	[ "$("$B/statecat" -d s risker/decisions 2>>statecat.log | wc -l)" -ge "$1" ]
}
# F79: there is no state of differ's yet; nobody reads, and nothing is lost.
alert 1 buy BTCUSDT | send run/risker.sock
wait_for 10 decisions 1
has risker.log 'unable to read the state of differ' || fail 'blindness is not in the log'
blind() {
	"$B/statecat" -d s risker/alarms | is_true "select(.alarm == \"blind risker\").open == $1"
}
wait_for 10 blind true
"$B/statecat" -d s risker/alarms | is_true 'select(.alarm == "blind risker").text | test("refusing entries: .*differ")' ||
    fail 'the alarm does not say why'
spawn trader perl trader.pl
wait_for 10 has risker.log 'connected to'
"$B/differ" -d s <"$replay/base.ndjson" 2>>differ.log
alert 2 buy BTCUSDT | send run/risker.sock
wait_for 10 has trader.out '"type":"order"'
wait_for 10 blind false
# The state is replaced while risker has it open: a copy with other money.
"$B/differ" -d other <<END 2>>differ.log
$(sed 's/"totalEquity":"10000"/"totalEquity":"5000"/' "$replay/base.ndjson")
END
mv other/differ.mdb s/differ.mdb
alert 3 sell ETHUSDT ',"stop_loss":"3050"' | sed 's/"4"/"-4"/' | send run/risker.sock
wait_for 10 has trader.out '"symbol":"ETHUSDT"'
# 100 / 50 = 2 exactly.
has trader.out '"qty":"2.00"' || fail 'the state that was replaced is still read'
# What was written is counted in the commit that came before it.
"$B/statecat" -d s risker/health | is_true '.ended == false and .lines == 3 and .out == 3' ||
    fail "health is behind: $("$B/statecat" -d s risker/health)"
stop risker
"$B/statecat" -d s risker/health | is_true '.ended and .lines == 3 and .skipped == 0' ||
    fail 'health is not as it should be'
kill9 trader
