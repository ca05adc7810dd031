# tests/limits.sh - each of the six programs, alone, with work to do; for tests
# of what the machine refuses it.  Sourced after tests/lib.sh.
#
#   begin PROGRAM [COMMAND...]   start it, as COMMAND PROGRAM OPTIONS
#   work PROGRAM                 give it a piece of work, and wait for the outcome
#   stop PROGRAM                 as in lib.sh
#
# The state is in PROGRAM/state; its lines are in PROGRAM.lines, and what it
# says in PROGRAM.log.

requires jq curl perl setpriv
programs='poller differ notifier webhookd risker trader'
stateful='differ notifier webhookd risker trader'
export STATE_MAP_SIZE=64M SIGNAL_POLL_INTERVAL=0.2 ALLOWED_SYMBOLS=BTCUSDT NOTIFY_LANG=en \
    MAX_ORDERS_PER_MINUTE=1000 WEBHOOK_SECRET='k9P$Xz83!vW@b12N#rTe'
WEBHOOK_LISTEN=127.0.0.1:$(free_port) ADMIN_LISTEN=127.0.0.1:$(free_port)
export WEBHOOK_LISTEN ADMIN_LISTEN
works=0 # pieces of work so far
PLAIN=  # as whom they run: plain_user sets it

# Who takes their lines, and gives webhookd the results of its alerts.
cat >sink.pl <<'END'
use strict; use IO::Socket::UNIX; use IO::Select;
$SIG{PIPE} = 'IGNORE';
my $select = IO::Select->new;
my (%program, %listens, %left, $results);
for my $name (@ARGV) {
	mkdir $name;
	my $l = IO::Socket::UNIX->new(Local => "$name/out", Listen => 8) or die "$name/out: $!";
	chmod 0777, $name, "$name/out";
	$program{$l} = $name;
	$listens{$l} = 1;
	$select->add($l);
}
sub answer {
	my $id = shift;
	for (1, 2) {
		$results //= IO::Socket::UNIX->new(Peer => 'webhookd/in') or return;
		return if syswrite($results, qq({"type":"result","id":"$id","code":200,"ok":true}\n));
		undef $results;
	}
}
while (1) {
	for my $from ($select->can_read) {
		if ($listens{$from}) {
			my $peer = $from->accept or next;
			$program{$peer} = $program{$from};
			$left{$peer} = '';
			$select->add($peer);
			next;
		}
		my $name = $program{$from};
		if (!sysread($from, $left{$from}, 65536, length $left{$from})) {
			$select->remove($from);
			undef $results if $name eq 'webhookd';
			next;
		}
		while ($left{$from} =~ s/^(.*\n)//) {
			my $line = $1;
			open(my $to, '>>', "$name.lines") or die;
			print $to $line;
			close $to;
			answer($1) if $name eq 'webhookd' && $line =~ /"id":"([0-9a-f]{32})"/;
		}
	}
}
END
for program in $programs; do : >"$program.lines"; done
spawn sink perl sink.pl $programs
for program in $programs; do
	wait_for 10 test -S "$program/out"
	mkdir "$program/state"
done
chmod 711 "$T"

# begin PROGRAM [COMMAND...]
begin() {
	begin_name=$1
	shift
	case $begin_name in
	poller) set -- "$@" "$B/poller" ;;
	notifier) set -- "$@" "$B/notifier" -l -i unix:notifier/in ;;
	*) set -- "$@" "$B/$begin_name" -i "unix:$begin_name/in" ;;
	esac
	rm -f "$begin_name/in"
	: >"$begin_name.log"
	[ "$begin_name" != notifier ] || [ -e notifier/state/notifier.mdb ] ||
	    $PLAIN "$B/subscribers" -d notifier/state add o -c stdout -t - -b 1000 || fail 'no subscriber'
	STATE_DIR=$begin_name/state spawn "$begin_name" $PLAIN "$@" -o "unix:$begin_name/out"
}
# ready PROGRAM: it takes work.
ready() {
	case $1 in
	poller) ;;
	webhookd) wait_for 15 curl -sS -m 5 -o status.json "http://$WEBHOOK_LISTEN/status" ;;
	*) wait_for 15 test -S "$1/in" ;;
	esac
}

# now [STEP]: as this machine's clock says, which a test may have set ($skew);
# what Bybit dates is not.
now() {
	date -u -d "now ${skew:-} ${1:-}" "+%Y-%m-%dT%H:%M:%S.%3NZ"
}

# give PROGRAM: the next piece of work; works says which one it is.
give() {
	works=$((works + 1))
	give_id=$(printf '%032d' "$works")
	case $1 in
	differ)
		printf '{"type":"positions","time":"%s","account":"main","category":"linear","settle_coin":"USDT","positions":[{"positionIdx":0,"symbol":"A%dUSDT","side":"Buy","size":"1","avgPrice":"100","markPrice":"100","leverage":"10","positionStatus":"Normal","cumRealisedPnl":"0","seq":%d,"updatedTime":"1735689600000"}],"closed_pnl":[]}\n' \
		    "$(skew='' now)" "$works" "$works" | send differ/in
		;;
	notifier)
		printf '{"type":"signal","seq":%d,"time":"%s","account":"main","signal_number":%d,"action":"OPEN","category":"linear","symbol":"A%dUSDT","signal_type":"buy","position_size":"0.5","entry_price":"45000.5","journal":"9f86d081"}\n' \
		    "$works" "$(now)" "$works" "$works" | send notifier/in
		;;
	risker)
		printf '{"type":"alert","id":"%s","time":"%s","action":"close","symbol":"BTCUSDT"}\n' "$give_id" "$(now)" | send risker/in
		;;
	trader)
		printf '{"type":"order","id":"%s","time":"%s","expires":"%s","account":"main","category":"linear","symbol":"BTCUSDT","action":"close","signal_strength":"0","risk_metrics":{"exposure":"9.50","drawdown":"0.00","daily_pnl":"0.00","daily_trades":1,"open_positions":1},"warnings":[]}\n' \
		    "$give_id" "$(now)" "$(now '+29 sec')" >order
		$PLAIN "$B/decide" -d trader/state <order
		send trader/in <order
		;;
	webhookd)
		STATUS=$(printf '{"token":"%s","trendComposite":4,"symbol":"A%dUSDT","action":"buy","timestamp":"1640995200000","price":"47500.00"}' "$WEBHOOK_SECRET" "$works" |
		    curl -sS -m 10 -o answer.json -w '%{http_code}' --data-binary @- "http://$WEBHOOK_LISTEN/bybit" 2>/dev/null) || STATUS='cut'
		;;
	esac
}

# worked PROGRAM: what was given last has its outcome.
worked() {
	case $1 in
	poller) [ "$(grep -c '"heartbeat".*"ok":true' poller.lines)" -gt "$works_seen" ] ;;
	differ) has differ.lines "\"OPEN\".*\"A${works}USDT\"" ;;
	notifier) has notifier.lines "\"ok\":true.*A${works}/USDT" ;;
	risker) has risker.lines "\"type\":\"order\",\"id\":\"$(printf '%032d' "$works")\"" ;;
	trader) has trader.lines "\"id\":\"$(printf '%032d' "$works")\",\"code\":200" ;;
	webhookd) [ "$STATUS" = 200 ] && has webhookd.lines "A${works}USDT" ;;
	esac
}

# work PROGRAM
work() {
	works_seen=$(grep -c '"heartbeat".*"ok":true' poller.lines || :)
	give "$1"
	wait_for 15 worked "$1"
}

# plain_user: from here on the programs run as somebody who may not do
# everything.
plain_user() {
	[ "$(id -u)" -eq 0 ] || return 0
	PLAIN='setpriv --reuid=65534 --regid=65534 --clear-groups'
	for program in $programs; do
		rm -rf "$program/state"
		mkdir -m 700 "$program/state"
		chown -R 65534:65534 "$program"
	done
	$PLAIN "$B/differ" -V >/dev/null 2>&1 || skip "another user cannot run $B/differ"
}

# any PROGRAM PATTERN...: one of them is in its log.
any() {
	any_log=$1.log
	shift
	for pattern; do ! has "$any_log" "$pattern" || return 0; done
	return 1
}
