#!/bin/sh
# differ as a service: lines from several peers, signals to several outputs;
# a peer that is restarted, cut inside a line, or not there at first.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/differ.sh"
requires perl

# catch NAME PATH: what peers write to a socket goes to NAME.out.
catch() {
	# shellcheck disable=SC2016
	spawn "$1" perl -MIO::Socket::UNIX -MIO::Select -e '
		my $l = IO::Socket::UNIX->new(Local => shift, Listen => 5) or die "listen: $!";
		my $sel = IO::Select->new($l); $| = 1;
		while (1) {
			for my $s ($sel->can_read) {
				if ($s == $l) { $sel->add($l->accept); next }
				if (sysread $s, my $b, 65536) { syswrite STDOUT, $b }
				else { $sel->remove($s); close $s }
			}
		}' "$2"
}

recording 6 >in.ndjson
catch one one.sock
wait_for 10 test -S one.sock
spawn differ "$B/differ" -d state -i unix:differ.sock -o unix:one.sock -o unix:two.sock -o -
wait_for 10 has differ.log 'msg="ready"'
wait_for 10 test -S differ.sock
head -n 3 in.ndjson | send differ.sock
wait_for 10 has "$T/one.out" '"seq":2,'
# The second output comes late: it misses what was, and has the state.
catch two two.sock
wait_for 15 has differ.log 'connected.*two.sock'
# A peer that dies inside a line; another that goes on.
{ sed -n 4p in.ndjson; sed -n 5p in.ndjson | head -c 50; } | send differ.sock
wait_for 10 has "$T/one.out" '"seq":3,'
sed -n '5,6p' in.ndjson | send differ.sock
wait_for 10 has "$T/one.out" '"seq":5,'
wait_for 10 has "$T/two.out" '"seq":5,'
[ "$(wc -l <two.out)" -eq 3 ] || fail 'the second output has other lines'
has differ.log 'level=warn.*peer' || fail 'the piece of a line was not warned of'
# An output that is gone does not hold up the rest; it comes back by itself.
kill9 one
rm -f one.sock
snap 10 "$(row BTCUSDT Buy 10 100 10)" | send differ.sock
wait_for 10 has "$T/two.out" '"seq":6,'
mv one.out one-first.out
catch one one.sock
sleep 0.3
snap 11 "$(row BTCUSDT Buy 11 100 11)" | send differ.sock
wait_for 10 has "$T/two.out" '"seq":7,'
snapped=12
until has "$T/one.out" '"action"'; do
	[ "$snapped" -lt 50 ] || fail 'the output did not come back'
	snap "$snapped" "$(row BTCUSDT Buy "$snapped" 100 "$snapped")" | send differ.sock
	snapped=$((snapped + 1))
	sleep 0.3
done
stop differ
[ ! -e differ.sock ] || fail 'the socket was left'
events state >journal
same journal differ.out
