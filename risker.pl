use strict; use IO::Socket::UNIX; use IO::Select;
my ($socket, $results) = @ARGV;
unlink $socket;
my $listen = IO::Socket::UNIX->new(Local => $socket, Listen => 8) or die "listen: $!";
my $select = IO::Select->new($listen);
my (%left, $out);
$SIG{PIPE} = 'IGNORE';
while (1) {
	if (!$out) {
		$out = IO::Socket::UNIX->new(Peer => $results);
		if ($out) { $select->add($out); open(my $to, '>', 'linked'); close $to }
	}
	for my $from ($select->can_read($out ? undef : 0.05)) {
		if ($from == $listen) { $select->add($listen->accept); next }
		if ($out && $from == $out) { $select->remove($out); close $out; undef $out; unlink 'linked'; next }
		my $n = sysread($from, $left{$from}, 65536, length($left{$from} // ''));
		if (!$n) { $select->remove($from); delete $left{$from}; close $from; next }
		while ($left{$from} =~ s/^(.*\n)//) {
			my $line = $1;
			open(my $to, '>>', 'handed') or die; print $to $line; close $to;
			my ($id) = $line =~ /"id":"([0-9a-f]{32})"/ or next;
			open(my $rule, '<', -e "verdict.$id" ? "verdict.$id" : 'verdict') or die; chomp(my $code = <$rule>); close $rule;
			next if $code eq 'none';
			my $ok = $code < 300 ? 'true' : 'false';
			my $result = qq({"type":"result","id":"$id","code":$code,"ok":$ok,"quantity":0.020,"price":47500.00}\n);
			syswrite($out, $result) if $out;
		}
	}
}
