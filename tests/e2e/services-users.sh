#!/bin/sh
# Services whose stages run as users of their own (install-services -u): an
# alert trades; each stage has its user, its own settings without the secrets of
# others, and files that others cannot write; halt, resume, status and flatten
# work from root's hand, and webhookd's halt for all; a stage that stays down is
# told by others, too.  Without the users, or from under stages of another user,
# nothing is changed, and it says what to do.
#
# The users are in a passwd and a group that this test's namespace alone sees:
# the machine's stay as they are.  Not tested: useradd as it is told.
if [ -z "${SLUICE_USERS_NS:-}" ]; then
	[ "$(id -u)" -eq 0 ] || { echo 'services-users: skipped: needs root' >&2; exit 77; }
	unshare -m true 2>/dev/null || { echo 'services-users: skipped: may not make a mount namespace' >&2; exit 77; }
	SLUICE_USERS_NS=1 exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
. "$top/tests/services.sh"
requires chpst setpriv

cp /etc/passwd /etc/group .
gid=47110
echo "sluice:x:$gid:" >>group
uid=$gid
for stage in $stages; do
	uid=$((uid + 1))
	echo "sluice-$stage:x:$uid:$gid::/nonexistent:/usr/sbin/nologin" >>passwd
done
chmod 644 passwd group
chmod 711 "$T"
setpriv --reuid=$uid --regid=$gid --clear-groups test -r "$T/passwd" ||
    skip "others cannot get to $T: set TMPDIR to a folder that they can enter"
mkdir -m 755 bin
cp "$B/statecat" bin
for stage in $stages; do cp "$B/$stage" bin; done

# refused WHAT STATUS WORDS: nothing is changed, and it says why.
refused() {
	status=0
	install_services -u sluice || status=$?
	is "$1: status" "$2" $status
	grep -q -- "$3" install.out || fail "$1: $(cat install.out)"
	[ ! -e "$SV/settings" ] && [ "$(stat -c %a "$S")" = 700 ] || fail "$1: something was changed"
}
# as STAGE COMMAND...: by its user.
as() {
	as_user=sluice-$1
	shift
	setpriv --reuid="$as_user" --regid=sluice --clear-groups "$@"
}

services_bin=$T/bin
# Every secret that there is, as new ones must be thought of, too.
every=$(sed -n 's/^	SECRET(\([A-Z_]*\)).*/\1/p; s/.*{ "\([A-Z_]*\)", KIND_SECRET.*/\1/p' "$top/common/settings_table.c")
[ "$(printf '%s\n' "$every" | wc -l)" -ge 8 ] || fail "the secrets are not found in settings_table.c: $every"
set -- BYBIT_TRADE_API_KEY=test_api_key BYBIT_TRADE_API_SECRET=test_secret "ADMIN_TOKEN='admin \$secret'"
for secret in $every; do
	case $secret in
	BYBIT_* | WEBHOOK_SECRET | ADMIN_TOKEN) ;;
	*) set -- "$@" "$secret=123456:a-secret" ;;
	esac
done
services ALLOWED_SYMBOLS="$(coins 9)" $small "$@"
sv up differ
wait_for 10 test -e "$S/differ.mdb"
refused 'no users' 78 '^    useradd --system .* sluice-trader$'
chmod 644 settings
refused 'open settings' 78 'chmod 600'
chmod 600 settings
mount --bind passwd /etc/passwd
mount --bind group /etc/group
refused 'differ runs' 75 'differ runs as another user'
sv stop differ >/dev/null
install_services -u sluice || fail "install-services -u: $(cat install.out)"

for stage in $stages; do
	sv up $stage
done
wait_for 15 fed
wait_for 15 connected
sv check $stages >/dev/null || fail "sv check: $(sv status $stages)"
n=0
trades() {
	n=$((n + 1)) bar=$((bar + 60000))
	delivered "$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")" 20
	is "$1: orders" 1 "$(booked)"
	wait_for 10 is_state protected
}
trades 'at first'

# Each is its user, with the one group, and has its own secrets alone.
for stage in $stages; do
	status=/proc/$(stage_pid $stage)/status
	is "$stage: user" "$(id -u sluice-$stage)" "$(awk '$1 == "Uid:" { print $2 }' "$status")"
	is "$stage: groups" "$gid $gid" "$(awk '$1 == "Gid:" { g = $2 } $1 == "Groups:" { print g, $2 $3 }' "$status")"
	is "$stage: its settings" "sluice-$stage 400" "$(stat -c '%U %a' "$SV/settings/$stage")"
	as $stage grep -q '^BYBIT_BASE_URL=' "$SV/settings/$stage" || fail "$stage cannot read its settings"
done
! as notifier cat "$SV/settings/trader" >/dev/null 2>&1 || fail "notifier's user reads trader's settings"
! as notifier cat settings >/dev/null 2>&1 || fail "notifier's user reads all settings"
! as notifier cat "/proc/$(stage_pid trader)/environ" >/dev/null 2>&1 || fail "notifier's user reads trader's environment"
for secret in $every; do
	case $secret in
	BYBIT_API_*) of=poller ;;
	BYBIT_TRADE_*) of=trader ;;
	WEBHOOK_SECRET | ADMIN_TOKEN) of=webhookd ;;
	*) of=notifier ;;
	esac
	is "who has $secret" "$of" "$(cd "$SV/settings" && grep -l "^$secret=" * | tr '\n' ' ' | sed 's/ $//')"
done

# What is not ours can be read, as the state is for all, and not written.
is 'the state folder' 'root sluice 2770' "$(stat -c '%U %G %a' "$S")"
is "the sockets' folder" 'root sluice 3770' "$(stat -c '%U %G %a' "$SV/run")"
for stage in differ notifier risker trader webhookd; do
	is "$stage.mdb" "sluice-$stage sluice 640" "$(stat -c '%U %G %a' "$S/$stage.mdb")"
	is "$stage.mdb-lock" "sluice-$stage sluice 660" "$(stat -c '%U %G %a' "$S/$stage.mdb-lock")"
	is "$stage.sock" "sluice-$stage sluice 660" "$(stat -c '%U %G %a' "$SV/run/$stage.sock")"
done
as webhookd dd if="$S/risker.mdb" of=/dev/null count=1 2>/dev/null || fail "webhookd's user cannot read risker's state"
! as webhookd sh -c ": >>'$S/risker.mdb'" 2>/dev/null || fail "webhookd's user writes risker's state"
! as webhookd mv -f "$SV/run/webhookd.sock" "$SV/run/trader.sock" 2>/dev/null || fail "webhookd's user takes trader's socket"
! setpriv --reuid=65534 --regid=65534 --clear-groups ls "$S" >/dev/null 2>&1 || fail 'a stranger lists the state'

# The halt, by a stage and by root, and either resumes the other's.
api() {
	curl -sS -m 5 -X POST -H 'Authorization: Bearer admin $secret' -H 'Content-Type: application/json' -d '{}' "$ADMIN/api/$1" >answer
	is_true .ok answer || fail "/api/$1: $(cat answer)"
}
is_halted() {
	n=$((n + 1)) bar=$((bar + 60000))
	post_body "$(alert_body "{\"symbol\":\"$(coin $n)\",\"price\":\"1\"}")"
	is "$1" 422 "$STATUS"
}
api halt
is 'the halt' 'sluice-webhookd sluice 640' "$(stat -c '%U %G %a' "$S/halt")"
is_halted 'halted by webhookd'
as trader grep -q '"who"' "$S/halt" || fail 'trader cannot read who halted'
"$top/scripts/resume" -d "$S" >resume.out
"$top/scripts/halt" -d "$S" by root >halt.out
is_halted 'halted by root'
as trader grep -q 'by root' "$S/halt" || fail 'trader cannot read why root halted'
api resume
trades 'after a resume'

# One that stays down is told by another.
is_told() {
	"$top/scripts/status" -d "$S" | grep -q 'notifier ended with exit code 78 and stays down' &&
	    [ "$(curl -sS -m 5 -o /dev/null -w '%{http_code}' "$HOOK/status")" = 503 ]
}
# trader's alarm of the halt ends once it has looked again.
wait_for 15 "$top/scripts/status" -d "$S"
echo MAX_POSITIONS=0 >>"$SV/settings/notifier"
sv restart notifier >/dev/null 2>&1 || :
wait_for 10 test -e "$SV/alarm/notifier.down"
as webhookd grep -q 'exit code 78' "$SV/alarm/notifier.down" || fail "webhookd's user cannot read the alarms"
wait_for 10 is_told

# Once more, while they run, it brings the settings; what would not start is said.
ln "$SVDIR/trader/as" as
echo '# it is replaced, and never empty' >>as
install_services -u sluice || fail "install-services again: $(cat install.out)"
grep -q 'never empty' as || fail 'a start at that moment would have been one by root'
is 'what starts trader' 'chpst -u sluice-trader:sluice' "$(cat "$SVDIR/trader/as")"
sv up notifier
wait_for 10 check notifier
trades 'after that'
# A link that somebody in a stage puts in a file's place just then leads root to
# nobody's file.
mkdir -m 755 swap
cat >swap/chmod <<END
#!/bin/sh
case \$* in *differ.lock) mv "$S/differ.lock" "$S/aside" && ln -s "$T/victim" "$S/differ.lock" ;; esac
exec $(command -v chmod) "\$@"
END
chmod 755 swap/chmod
: >victim
chmod 644 victim
chmod 640 "$S/differ.lock"
! (PATH=$T/swap:$PATH && install_services -u sluice) || fail 'a link in the place of a lock went unseen'
[ -L "$S/differ.lock" ] || fail "no link was put there: $(cat install.out)"
is "the link's target" 'root 644' "$(stat -c '%U %a' victim)"
mv -fT "$S/aside" "$S/differ.lock"
status=0
chmod 700 bin
install_services -u sluice || status=$?
chmod 755 bin
is 'programs that are closed to them' 78 $status
grep -q 'would not start' install.out || fail "closed programs: $(cat install.out)"

echo yes | "$top/scripts/flatten" -d "$S" >flatten.out 2>&1 || fail "flatten: $(cat flatten.out)"
[ ! -e "$S/flatten" ] || fail 'the request to flatten stayed'
sv stop $stages >/dev/null || fail "sv stop: $(sv status $stages)"
[ -z "$(find "$SV/run" -type s -o -type f)" ] || fail "left: $(find "$SV/run" -type s -o -type f)"
