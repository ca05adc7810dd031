#!/bin/sh
# Killed inside the transaction that carries commands out (K15), and between its
# commit and the confirmation to Telegram (K16): everything has one effect, and
# is answered by the next start; a halt holds, a resume is not done twice.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/bot.sh"
requires jq curl
kill_points notifier

export TELEGRAM_BOT_TOKEN=1:t TELEGRAM_COMMANDS=true NOTIFY_LANG=en OPERATOR_CHAT=900 TZ=UTC

for point in K15 K16; do
	rm -rf state
	exchange
	"$B/subscribers" add ann -c telegram -t 5 -b 7 -l en
	code=$(invite -b 3)
	tell 77 "/start $code"
	tell 77 /balance
	tell 5 /stop
	tell 900 '/halt first'
	status=0
	SLUICE_KILL=$point timeout 30 "$K/notifier" -l -i unix:in.sock >first.out 2>first.log || status=$?
	[ "$status" -eq 137 ] || fail "$point: it ended with $status"
	[ "$(offset)" -eq 0 ] || fail "$point: something was confirmed: $(offset)"
	[ -z "$(answers 77)$(answers 5)$(answers 900)" ] || fail "$point: there was an answer"
	[ "$(jq -r .why state/halt)" = first ] || fail "$point: it is not halted"
	case $point in
	K16) "$B/subscribers" list | grep -q '"tg77"' || fail "$point: nothing was committed" ;;
	*) ! "$B/subscribers" list | grep -q '"tg77"' || fail "$point: something was committed" ;;
	esac
	# Meanwhile somebody resumed by hand: what was dealt with does not halt again.
	case $point in
	K16) "$top/scripts/resume" -d state >/dev/null ;;
	esac

	spawn notifier "$B/notifier" -l -i unix:in.sock
	wait_for 10 answered 77 2
	wait_for 10 answered 5 1
	wait_for 10 answered 900 1
	wait_for 10 offset_is 5
	case $point in
	K16)
		welcome='✅ Your subscription is active.|Balance: 3'
		halted='✅ Trading is not halted.'
		;;
	*)
		welcome='✅ Welcome! You are subscribed.|Balance: 3||/help — what this bot can do'
		halted='⛔ Trading is halted|telegram 900|first'
		;;
	esac
	printf '%s\n' "$welcome" 'Balance: 3' >expect
	answers 77 >got
	same expect got
	[ "$(answers 900 | sed 's/|[0-9:]* [0-9.]*|/|/')" = "$halted" ] || fail "$point: $(answers 900)"
	[ "$(who tg77 .balance) $(who ann .active)" = '3 false' ] || fail "$point: $("$B/subscribers" list)"
	[ "$(table ledger | grep -c '"invite"')" -eq 1 ] || fail "$point: the ledger: $(table ledger)"
	[ "$("$B/subscribers" invites | grep -c used)" -eq 1 ] || fail "$point: $("$B/subscribers" invites)"

	# The same update again, as if Telegram had forgotten: an answer, no effect.
	"$B/subscribers" resume ann
	stop notifier
	control fault "{\"path\":\"/bot1:t/getUpdates\",\"body\":\"{\\\"ok\\\":true,\\\"result\\\":[{\\\"update_id\\\":3,\\\"message\\\":{\\\"from\\\":{\\\"id\\\":5,\\\"is_bot\\\":false},\\\"chat\\\":{\\\"id\\\":5,\\\"type\\\":\\\"private\\\"},\\\"date\\\":1,\\\"text\\\":\\\"/stop\\\"}}]}\"}"
	spawn notifier "$B/notifier" -l -i unix:in.sock
	wait_for 10 answered 5 2
	[ "$(who ann .active)" = true ] || fail "$point: an update had a second effect"
	[ "$(offset)" -ge 5 ] || fail "$point: the offset went back to $(offset)"
	stop notifier
	stop exchange
	rm -f "$JOURNAL"
done

# A resume that is committed and not done, for a kill: it is asked for again,
# and does not end another halt.
rm -rf state
exchange
mkdir -m 700 state
"$top/scripts/halt" -d state one >/dev/null
spawn notifier "$B/notifier" -l -i unix:in.sock
code=$(ask 900 /resume | grep -oE '/resume [0-9a-f]{8}$') || fail 'no code'
stop notifier
tell 900 "$code"
status=0
SLUICE_KILL=K16 timeout 30 "$K/notifier" -l -i unix:in.sock >first.out 2>first.log || status=$?
[ "$status" -eq 137 ] || fail "K16: ended with $status, not by the signal"
[ -e state/halt ] || fail 'the resume was done before its commit'
"$top/scripts/resume" -d state >/dev/null
"$top/scripts/halt" -d state two >/dev/null
spawn notifier "$B/notifier" -l -i unix:in.sock
wait_for 10 answered 900 2
[ -e state/halt ] || fail 'another halt was ended'
answers 900 | tail -n 1 | grep -q '|two||To resume, send: /resume' || fail "$(answers 900 | tail -n 1)"
stop notifier
