# What webhookd's end-to-end tests share: a risker made of perl, and alerts.
# Sourced, after lib.sh.
#
# The risker listens on run/risker.sock, writes down each alert in the file
# handed, and answers on run/webhookd.sock by what the file verdict, or one with
# a dot and the alert's id behind, says: a status, or "none".  It connects there
# at once; the file linked says that it has.

requires curl jq perl
SECRET='k9P$Xz83!vW@b12N#rTe'
export WEBHOOK_SECRET="$SECRET" WEBHOOK_LISTEN=127.0.0.1:0 ADMIN_LISTEN=127.0.0.1:0
export STATE_DIR="$T/state"
mkdir -m 700 -p run
: >handed
echo 200 >verdict

cat >risker.pl <<'END'
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
END
risker() {
	rm -f linked
	spawn risker perl risker.pl "$T/run/risker.sock" "$T/run/webhookd.sock"
	wait_for 10 test -S run/risker.sock
}

# hook [NAME=VALUE...]: webhookd between Unix sockets.  Sets HOOK and ADMIN.
hook() {
	rm -f linked
	: >"$T/webhookd.log"
	spawn webhookd env "$@" "${WEBHOOKD:-$B/webhookd}" -i unix:run/webhookd.sock -o unix:run/risker.sock
	hook_ready
}
hook_ready() {
	wait_for 10 has "$T/webhookd.log" 'msg="\{0,1\}ready'
	HOOK=http://127.0.0.1:$(sed -n 's/.*msg="\{0,1\}ready.* port=\([0-9]*\).*/\1/p' webhookd.log | tail -n 1)
	ADMIN=http://127.0.0.1:$(sed -n 's/.*msg="\{0,1\}ready.* admin_port=\([0-9]*\).*/\1/p' webhookd.log | tail -n 1)
}
connected() {
	[ -e linked ] && curl -sS -m 5 "$ADMIN/metrics" | grep -q '^sluice_risker_connected 1'
}

# alert SYMBOL TIMESTAMP [MORE]: a body; TIMESTAMP may be empty.
alert() {
	printf '{"token":"%s","trendComposite":4,"symbol":"%s","action":"buy"%s,"price":"47500.00"%s}' \
	    "$SECRET" "$1" "${2:+,\"timestamp\":\"$2\"}" "${3:+,$3}"
}

# post BODY [CURL-OPTION...]: sets STATUS; the answer is in answer.json.
post() {
	post_body=$1
	shift
	STATUS=$(printf '%s' "$post_body" |
	    curl -sS -m 10 -o answer.json -w '%{http_code}' --data-binary @- "$@" "$HOOK/bybit") || STATUS='cut'
}

# answers STATUS [JQ-CONDITION]
answers() {
	[ "$STATUS" = "$1" ] || fail "$STATUS instead of $1: $(cat answer.json)"
	[ -z "${2:-}" ] || is_true "$2" answer.json || fail "not $2: $(cat answer.json)"
}

# handed N: risker has got N lines in all.
handed() {
	[ "$(wc -l <handed)" -eq "$1" ]
}
row() {
	"$B/statecat" -d "$STATE_DIR" webhookd/alerts | jq -c "select(.id == \"$1\")"
}
