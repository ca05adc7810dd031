#!/bin/sh
# subscribers: every command, beside a running notifier too; bad input changes
# nothing, says why, and is 64 or 65; an import is all or nothing.
. "$(dirname "$0")/../lib.sh"
requires jq

export STATE_DIR="$T/state"
s() {
	"$B/subscribers" "$@"
}
# refused STATUS WORDS COMMAND...: standard input is kept.
refused() {
	refused_with=$1 refused_words=$2
	shift 2
	[ -d state ] && s export >before || : >before
	status=0
	"$B/subscribers" "$@" >out 2>err || status=$?
	[ "$status" -eq "$refused_with" ] || fail "$*: exit $status, not $refused_with"
	grep -q -- "$refused_words" err || fail "$*: does not say '$refused_words': $(cat err)"
	[ -d state ] && s export >after || : >after
	same before after
}

# A folder that is not there is none without subscribers.
refused 78 "state folder $T/state: No such file or directory: expected the one that notifier uses" list
# Nobody yet, and no state is made by looking.
mkdir state
[ -z "$(s list)" ] && [ -z "$(s export 2>err)" ] || fail "somebody is there"
grep -q "nobody was added yet, or notifier uses another state folder\" folder=$T/state" err || fail "no word about it: $(cat err)"
refused 65 "no subscriber 'ann'" show ann
[ ! -e state/notifier.mdb ] || fail "looking made a state"

s add ann -c telegram -t 123456789 -b 30 -l en
s add -c stdout -t terminal bob
s add carl -c telegram -t @some_channel -T
cat >expect <<'END'
{"id":"ann","channel":"telegram","address":"123456789","balance":30,"lang":"en","active":true,"tester":false}
{"id":"bob","channel":"stdout","address":"terminal","balance":0,"active":true,"tester":false}
{"id":"carl","channel":"telegram","address":"@some_channel","balance":0,"active":true,"tester":true}
END
s export >got
same expect got
s list >got
same expect got
[ "$(s show bob | jq -r .address)" = terminal ] || fail "show"

for words in "expected ID:add" "expected ID:add x -c stdout" "needs an argument:add x -c" \
    "no option -z:add x -z" "not expected:add x y -c stdout -t z" "a command:" \
    "no command:sing" "expected ID:show" "not expected:list all" "credit:credit ann"; do
	# shellcheck disable=SC2086 # words of a command line
	refused 64 "${words%%:*}" ${words#*:}
done
refused 64 "chat id" add x -c telegram -t 12a
refused 64 "slack, ntfy or stdout" add x -c pigeon -t 5
refused 64 "'-5'" add x -c stdout -t 5 -b -5
refused 64 "'1e3'" add x -c stdout -t 5 -b 1e3
refused 64 "ru or en" add x -c stdout -t 5 -l d
refused 64 "64" add "$(printf '%065d' 0)" -c stdout -t 5
refused 64 "A-Z" add 'a b' -c stdout -t 5
refused 65 "already" add ann -c telegram -t 5
refused 65 "from 0" credit ann -31
refused 64 "'3x'" credit ann 3x
refused 64 "'+-3'" credit ann +-3
refused 65 "no subscriber" credit zoe +1
refused 65 "no subscriber" remove zoe

[ "$(s credit ann +5)" = 35 ] && [ "$(s credit ann -35)" = 0 ] && [ "$(s credit ann 7)" = 7 ] || fail "credit"
s remove carl
[ "$(s export | wc -l)" -eq 2 ] || fail "carl is there still"

# Fields one by one, the others as they were; a list that is empty is none.
s set bob channel=telegram address=-100 lang=ru tester=true symbols=BTCUSDT,ETHUSDT actions=OPEN,CLOSE
s set bob categories=linear,spot accounts=main tester=false
s pause bob
s pause bob
echo '{"id":"bob","channel":"telegram","address":"-100","balance":0,"lang":"ru","active":false,"paused":true,"tester":false,"symbols":["BTCUSDT","ETHUSDT"],"categories":["linear","spot"],"accounts":["main"],"actions":["OPEN","CLOSE"]}' >expect
s export | grep bob >got
same expect got
s resume bob
s set bob symbols= categories= accounts= actions= lang= channel=stdout address=terminal
[ "$(s export | grep bob)" = '{"id":"bob","channel":"stdout","address":"terminal","balance":0,"active":true,"tester":false}' ] ||
    fail "set: $(s export | grep bob)"
s add eve symbols=XRPUSDT -c stdout -t eve actions=OPEN
[ "$(s show eve | jq -c '[.symbols, .actions, .ledger]')" = '[["XRPUSDT"],["OPEN"],[]]' ] || fail "add with fields: $(s show eve)"
s remove eve
refused 64 "expected ID NAME=VALUE" set bob
refused 64 "NAME=VALUE" set bob lang
refused 64 "NAME=VALUE" set bob =en
refused 64 "no field 'balance'" set bob balance=5
refused 64 "no field 'active'" set bob lang=en active=false
refused 64 "no field 'id'" set bob id=rob
refused 64 "ru or en" set bob tester=true lang=de
refused 64 "true or false" set bob tester=yes
refused 64 "chat id" set bob channel=telegram
refused 64 "address ''" set bob address=
refused 64 "symbols 'btc'" set bob lang=en symbols=btc
refused 64 "symbols 'btc'" add eve -c stdout -t eve symbols=btc
refused 64 "OPEN among them" set bob actions=CLOSE
refused 64 "UTF-8" set bob "address=$(printf 'caf\351')"
refused 64 "UTF-8" credit bob 1 "$(printf 'caf\351')"
refused 64 "1 to 200" credit bob 1 ''
refused 64 "1 to 200" credit bob 1 "$(printf '%0201d' 0)"
refused 64 "credit" credit bob 1 a note
for command in pause resume "set lang=ru"; do
	refused 65 "no subscriber 'zoe'" "${command%% *}" zoe ${command#"${command%% *}"}
done

# All or nothing.
{
	echo '{"id":"dora","channel":"stdout","address":"d"}'
	echo '{"id":"emil","channel":"stdout","address":"e","balence":5}'
	echo 'no JSON'
} >lines
refused 65 'line=2' import <lines
echo '{"id":"dora","channel":"stdout","address":"d","actions":["CLOSE"]}' | refused 65 'OPEN among them' import
refused 65 'line=3' import <lines
printf '%s\n' '{"id":"d","channel":"stdout","address":"d"}' '{"id":"d","channel":"stdout","address":"e"}' >lines
refused 65 'on two lines' import <lines
refused 0 '' import </dev/null
s export >all
s remove ann
s import <all 2>import.log
s export | same all /dev/stdin
echo '{"id":"bob","channel":"stdout","address":"new","balance":4,"lang":"ru","active":false}' | s import 2>>import.log
[ "$(s show bob | jq -c 'del(.ledger)')" = '{"id":"bob","channel":"stdout","address":"new","balance":4,"lang":"ru","active":false,"tester":false}' ] ||
    fail "import did not replace bob: $(s show bob)"

# Beside a notifier that runs, and many at a time: no credit is lost.
export TELEGRAM_BOT_TOKEN=1:t
spawn notifier "$B/notifier" -i unix:n.sock
wait_for 5 has notifier.log 'msg="ready"'
for n in 1 2 3 4; do
	spawn "many$n" sh -c 'for _ in 1 2 3 4 5; do "$1" credit ann +1 || exit; done' sh "$B/subscribers"
done
for n in 1 2 3 4; do
	ended "many$n" 0
done
[ "$(s show ann | jq .balance)" -eq 27 ] || fail "the balance is $(s show ann | jq .balance), not 27"
stop notifier
