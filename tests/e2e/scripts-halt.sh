#!/bin/sh
# scripts/halt, scripts/resume and scripts/status: the halt file is made and
# removed durably with every program broken, in the folder that is meant; and
# the status shows what there is, whatever else is damaged.
#
# Not tested: that trader heeds the file (trader's tests), a disk that loses
# what was synced.
. "$(dirname "$0")/../lib.sh"
requires jq flock

# A copy of the project with nothing built: every program is broken.
mkdir -p "$T/p/scripts"
cp "$top"/scripts/halt "$top"/scripts/resume "$top"/scripts/status "$top"/scripts/state-dir.sh "$T/p/scripts"
halt=$T/p/scripts/halt
resume=$T/p/scripts/resume
status=$T/p/scripts/status

# run STATUS COMMAND...: what it says is in run.out.
run() {
	run_status=0
	run_expected=$1
	shift
	"$@" >"$T/run.out" 2>&1 || run_status=$?
	[ "$run_status" -eq "$run_expected" ] || {
		cat "$T/run.out" >&2
		fail "$* ended with $run_status, expected $run_expected"
	}
}
says() {
	grep -qF -- "$1" "$T/run.out" || {
		cat "$T/run.out" >&2
		fail "it does not say: $1"
	}
}

# No folder: nothing can be halted, and that is said.
run 78 "$halt"
says 'there is no state folder'
run 78 "$resume" -d "$T/none"
run 64 "$halt" -x
run 64 "$resume" now
run 64 "$halt" -d
run 64 "$halt" -d '' rain

mkdir -m 700 "$T/p/state" "$T/p/paper" "$T/other" "$T/p/named"
run 0 "$halt" a '"bad"' 'day \'
says "$T/p/state/halt"
[ "$(jq -r .why "$T/p/state/halt")" = 'a "bad" day \' ] || fail 'the reason is not as given'
is_true '(.who | startswith("scripts/halt by ")) and (.time | fromdateiso8601? // (sub("\\.000Z"; "Z") | fromdateiso8601) > 0)' "$T/p/state/halt" ||
    fail 'who and when are missing'
[ "$(stat -c %a "$T/p/state/halt")" = 640 ] || fail 'the mode is not 0640'
[ "$(ls "$T/p/state")" = halt ] || fail 'something was left behind'

# What stands where it is written is not followed: exec keeps the number.
echo mine >"$T/victim"
rm "$T/p/state/halt"
run 0 sh -c "ln -s '$T/victim' '$T/p/state/halt.'\$\$; exec '$halt' a '\"bad\"' 'day \\'"
[ "$(cat "$T/victim")" = mine ] || fail 'it writes through a link'

# A first reason stays.
run 0 "$halt" another
says 'halted already'
says 'bad'
[ "$(jq -r .why "$T/p/state/halt")" = 'a "bad" day \' ] || fail 'the first reason is lost'
run 69 "$status"
says 'trading: HALTED: a "bad" day \'
says 'statecat'
run 0 "$resume"
says 'it was halted by'
[ ! -e "$T/p/state/halt" ] || fail 'the halt is still there'
run 0 "$resume"
says 'was not halted'

# Whatever the reason holds, the file is a line that the programs read.
for reason in '' "$(printf 'two\nlines\tand \033[31m')" "$(printf 'no \377\376 UTF-8')" \
    "$(printf '%05000d' 7)" "$(printf '%0199dé' 7)"; do
	run 0 "$halt" "$reason"
	[ "$(wc -l <"$T/p/state/halt")" -eq 1 ] || fail 'the file is not one line'
	[ "$(wc -c <"$T/p/state/halt")" -lt 1000 ] || fail 'the file is too long'
	is_true '.why | type == "string"' "$T/p/state/halt" || fail 'the file is not JSON'
	iconv -f UTF-8 -t UTF-8 <"$T/p/state/halt" >/dev/null || fail 'the file is not UTF-8'
	! LC_ALL=C grep -q "$(printf '[\001-\010\033]')" "$T/p/state/halt" || fail 'control bytes'
	run 0 "$resume"
done

# An empty file, and a link that leads nowhere, are halts as well.
: >"$T/p/state/halt"
run 0 "$halt"
says 'halted already'
run 69 "$status"
says 'HALTED: the file says no more'
echo >"$T/p/state/halt"
run 69 "$status"
says 'HALTED: the file says no more'
run 0 "$resume"
run 0 "$halt"
run 69 "$status"
says 'HALTED: no reason was given (scripts/halt by '
run 0 "$resume"
ln -s /nowhere/at/all "$T/p/state/halt"
run 0 "$halt"
says 'halted already'
run 0 "$resume"
[ ! -L "$T/p/state/halt" ] || fail 'the link is still there'

# Synced, made, synced: in that order; and a sync that fails is no halt.
mkdir "$T/bin"
for program in sync ln rm; do
	printf '#!/bin/sh\necho "%s $*" >>"%s/order"\nexec %s "$@"\n' "$program" "$T" \
	    "$(command -v "$program")" >"$T/bin/$program"
	chmod +x "$T/bin/$program"
done
run 0 env PATH="$T/bin:$PATH" "$halt"
run 0 env PATH="$T/bin:$PATH" "$resume"
sed -e "s|$T/p/state|DIR|g" -e 's/halt\.[0-9]*/halt.N/g' "$T/order" >order.got
cat >order.want <<'END'
rm -f -- DIR/halt.N
sync DIR/halt.N
ln DIR/halt.N DIR/halt
sync DIR
rm -f -- DIR/halt.N
rm -f -- DIR/halt
sync DIR
END
same order.want order.got
printf '#!/bin/sh\nexit 1\n' >"$T/bin/sync"
run 74 env PATH="$T/bin:$PATH" "$halt"
says 'NOT HALTED'
[ -z "$(ls "$T/p/state")" ] || fail 'a halt that failed left something'
run 0 "$halt"
printf '#!/bin/sh\nexit 1\n' >"$T/bin/rm"
run 74 env PATH="$T/bin:$PATH" "$resume"
says 'STILL HALTED'
run 0 "$resume"

# Which folder: -d, then STATE_DIR, then .env, then ./state, then ./paper.
halts_in() {
	run 0 "$@"
	[ -e "$expected/halt" ] || fail "not in $expected: $*"
	rm "$expected/halt"
}
expected=$T/other
halts_in "$halt" -d "$T/other"
halts_in env STATE_DIR="$T/p/state" "$halt" -d "$T/other"
halts_in env STATE_DIR="$T/other" "$halt"
halts_in env STATE_DIR=./other "$halt" # of who types it
for line in 'STATE_DIR=./named' 'STATE_DIR=named' "STATE_DIR=$T/p/named" \
    'STATE_DIR="./named"' "STATE_DIR='named' # words" 'export STATE_DIR=named   # words' \
    "$(printf 'STATE_DIR=named\r')" "$(printf 'OTHER=x\n# STATE_DIR=no\nSTATE_DIRS=no\n  STATE_DIR=named')" \
    "$(printf '\357\273\277STATE_DIR=named')" 'STATE_DIR="na\med"'; do
	printf '%s\n' "$line" >"$T/p/.env"
	expected=$T/p/named
	case $line in *'\m'*) # what is no escape stays
		mkdir -p "$T/p/na\\med"
		expected=$T/p/na\\med
		;;
	esac
	halts_in "$halt"
	expected=$T/other
	halts_in env STATE_DIR="$T/other" "$halt"
done
for line in 'STATE_DIR=' 'STATE_DIR= # words' 'LOG_LEVEL=nonsense'; do
	printf '%s\n' "$line" >"$T/p/.env"
	expected=$T/p/state
	halts_in "$halt"
done
# One that somebody else may read alone says nothing of where the state is not.
chmod 0 "$T/p/.env"
without=
[ ! -r "$T/p/.env" ] || without='setpriv --bounding-set=-dac_override,-dac_read_search'
if $without true 2>/dev/null; then
	run 78 $without "$halt"
	says 'cannot be read'
	[ ! -e "$T/p/state/halt" ] || fail 'halted in a folder that was guessed'
	expected=$T/other
	halts_in $without "$halt" -d "$T/other"
fi
chmod 600 "$T/p/.env"
printf 'STATE_DIR=#named\n' >"$T/p/.env"
mkdir "$T/p/#named"
expected=$T/p/#named
halts_in "$halt"
rm "$T/p/.env"
rmdir "$T/p/state"
expected=$T/p/paper
halts_in "$halt"

# The status, from a state with a stage that runs, was killed, is damaged; with
# settings that no program would take.
mkdir "$T/p/build"
ln -s "$B/statecat" "$T/p/build/statecat"
S=$T/p/named
printf 'STATE_DIR=named\nMAX_POSITIONS=many\nSTATE_MAX_AGE=3600\n' >"$T/p/.env"
mkfifo in
differ() {
	spawn differ sh -c 'exec "$1" -d "$2" <in 3>&-' - "$B/differ" "$S"
	exec 3>in
	echo '{"type":"heartbeat","time":"'$now'","account":"main","host":"'$1'","uid":"'$1'","ok":true}' >&3
	wait_for 10 took_it
}
took_it() {
	"$B/statecat" -d "$S" differ/health | grep -q "\"pid\":$(pid_of differ),.*\"lines\":1,"
}
now=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
differ 1
run 0 env MAX_POSITIONS=many "$status"
says 'trading: not halted'
says "differ    running: pid $(pid_of differ), up since "
says "last look $now: ok"
says 'alarms: none'
# Of another build than what runs beside it.
beat() {
	printf '{"type":"heartbeat","time":"%s","account":"main","host":"1","uid":"1","build":"%s","ok":true}\n' \
	    "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$1" >&3
	wait_for 10 beats "$1"
}
beats() {
	"$B/statecat" -d "$S" differ/account | grep -q "\"build\":\"$1\""
}
beat 0123456789ab
run 1 "$status"
mine=$("$B/differ" -V | sed 's/.*(\(.*\))/\1/')
says "NOT OF ONE BUILD, restart the older ones: differ $mine, poller 0123456789ab"
beat "$mine"
run 0 "$status"
# A state that a command has made, and no program yet.
"$B/subscribers" -d "$S" add ann -c stdout -t x
run 0 "$status"
says 'notifier  not started'
rm "$S"/notifier.*
# A look that failed, and one of long ago: of the account that is meant.
is_stale() {
	env STATE_MAX_AGE=1 "$status" >"$T/run.out" 2>&1 || :
	grep -q 'poller .*: ok, STALE: [0-9]* s old' "$T/run.out"
}
wait_for 10 is_stale
run 1 env STATE_MAX_AGE=1 "$status"
printf '{"type":"heartbeat","time":"2026-01-02T10:30:00.000Z","account":"before","host":"1","uid":"1","ok":false,"error":"rain"}\n' >&3
beats_before() {
	"$B/statecat" -d "$S" differ/account | grep -q '"account":"before"'
}
wait_for 10 beats_before
run 0 "$status"
says 'account before, last look 2026-01-02T10:30:00.000Z: FAILED: rain, STALE'
run 1 env ACCOUNT=before "$status"
: >"$S/notifier.mdb"
: >"$S/trader.mdb"
run 1 "$status"
says 'notifier  CANNOT BE READ'
says 'open orders: they cannot be read'
says "differ    running: pid $(pid_of differ), up since "
rm "$S/notifier.mdb" "$S/trader.mdb"
kill9 differ
run 1 "$status"
says 'differ    DOWN: pid '
says 'alarms: none'
# Lines of another account: an alarm.
differ 2
run 1 "$status"
says "differ    running: pid $(pid_of differ), up since "
says "  differ: differ refuses lines of account 'main'"
exec 3>&-
ended differ 0
run 1 "$status"
says "differ    ended: pid "
says ', started 20'
says 'identity main'
run 0 "$halt" -d "$S" 'rain'
run 1 "$status"
says 'trading: HALTED: rain (scripts/halt by '

# scripts/flatten asks, and says what it cannot show.
cp "$top/scripts/flatten" "$T/p/scripts"
rm "$T/p/build/statecat"
printf '#!/bin/sh\nexit 0\n' >"$T/p/build/trader"
cp "$T/p/build/trader" "$T/p/build/statecat"
chmod +x "$T/p/build/trader" "$T/p/build/statecat"
run 1 "$T/p/scripts/flatten" -d "$T/other" </dev/null
says '  none'
says 'Nothing was done.'
printf '#!/bin/sh\nexit 74\n' >"$T/p/build/statecat"
run 1 "$T/p/scripts/flatten" -d "$T/other" </dev/null
says 'they cannot be shown'
