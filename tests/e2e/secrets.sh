#!/bin/sh
# A running program holds no secret that it does not use: its memory is searched,
# once it is ready, for each secret that it was given, in the environment or in a
# file; what it uses is there, which shows that the search finds.  None is in its
# arguments, nor in the environment that its user's other programs can see (F105).
#
# Not tested: secrets in the libraries' own buffers after they were used, as
# requests are; swap and hibernation.
. "$(dirname "$0")/../lib.sh"
requires perl
[ "$(id -u)" -eq 0 ] || skip 'only root may look into their memory'
! ldd "$B/trader" | grep -q libasan || skip 'memory with sanitizers is too large to search'

# holds PID TEXT: 0, the text is in its memory, or 1.
holds() {
	perl -e '
		my ($pid, $text) = @ARGV;
		open(my $maps, "<", "/proc/$pid/maps") or die "maps: $!";
		open(my $mem, "<:raw", "/proc/$pid/mem") or die "mem: $!";
		while (<$maps>) {
			/^([0-9a-f]+)-([0-9a-f]+) rw.. [0-9a-f]+ \S+ (\d+)/ or next;
			my ($from, $size) = (hex($1), hex($2) - hex($1));
			next if $3 != 0 && $size > 64 << 20;
			sysseek($mem, $from, 0) or next;
			my $got = 0;
			my $all = "";
			while ($got < $size) {
				my $n = sysread($mem, $all, $size - $got, $got) or last;
				$got += $n;
			}
			exit 0 if index($all, $text) >= 0;
		}
		exit 1;' "$1" "$2"
}

exchange
every='BYBIT_API_KEY BYBIT_API_SECRET BYBIT_TRADE_API_KEY BYBIT_TRADE_API_SECRET TELEGRAM_BOT_TOKEN
	NOTIFY_WEBHOOK_SECRET WEBHOOK_SECRET ADMIN_TOKEN'
# Each another one, but for the pair that the stage must have right.
given() {
	for secret in $every; do
		case $1:$secret in
		poller:BYBIT_API_KEY | trader:BYBIT_TRADE_API_KEY) echo "$secret=test_api_key" ;;
		poller:BYBIT_API_SECRET | trader:BYBIT_TRADE_API_SECRET) echo "$secret=test_secret" ;;
		*) echo "$secret=is-secret-$1-$secret" ;;
		esac
	done
	printf '%s\n' "BYBIT_BASE_URL=$URL" "TELEGRAM_API_URL=$URL" STATE_MAP_SIZE=64M \
	    WEBHOOK_LISTEN=127.0.0.1:0 ADMIN_LISTEN=127.0.0.1:0 "STATE_DIR=$T/state"
}
unset BYBIT_API_KEY BYBIT_API_SECRET BYBIT_BASE_URL TELEGRAM_API_URL

# look STAGE OWN...: what it must hold of them, and nothing of the others.
look() {
	look_stage=$1
	look_pid=$(pid_of "$1")
	shift
	wait_for 10 has "$look_stage.log" 'msg="\?ready'
	for secret in $every; do
		value=$(given "$look_stage" | sed -n "s/^$secret=//p")
		held=0
		holds "$look_pid" "$value" || held=$?
		case " $* " in
		*" $secret "*) is "$look_stage holds $secret, and the search finds it" 0 $held ;;
		*) is "$look_stage does not hold $secret" 1 $held ;;
		esac
		for file in cmdline environ; do
			! tr '\0' '\n' <"/proc/$look_pid/$file" | grep -qF -- "$value" || fail "$look_stage: $secret is in its $file"
		done
	done
}
# stage NAME OPTION...: first with all in the environment, then in a file.
stage() {
	stage_name=$1
	shift
	given "$stage_name" >"$stage_name.env"
	chmod 600 "$stage_name.env"
	# shellcheck disable=SC2046 # no value has a blank
	spawn "$stage_name" env $(given "$stage_name") "$B/$stage_name" "$@"
	look "$stage_name" $own
	stop "$stage_name"
	rm "$stage_name.log"
	spawn "$stage_name" "$B/$stage_name" -e "$stage_name.env" "$@"
	look "$stage_name" $own
	stop "$stage_name"
}
own='BYBIT_API_KEY BYBIT_API_SECRET' stage poller -o unix:none.sock
own='' stage differ -i unix:d.sock
own='TELEGRAM_BOT_TOKEN NOTIFY_WEBHOOK_SECRET' stage notifier -i unix:n.sock
own='WEBHOOK_SECRET ADMIN_TOKEN' stage webhookd -i unix:w.sock -o unix:none.sock
own='' stage risker -i unix:r.sock -o unix:none.sock
own='BYBIT_TRADE_API_KEY BYBIT_TRADE_API_SECRET' stage trader -i unix:t.sock -o unix:none.sock
