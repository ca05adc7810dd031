#!/bin/sh
# After a week without a message Telegram numbers its updates anew, from
# anywhere: an offset that is older than six days is forgotten, so that no lower
# number is confirmed unread.  Another bot's numbers are its own, too.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/bot.sh"
requires jq curl
# The library itself: the command faketime would stand between us and what it
# starts.
lib=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1)
[ -n "$lib" ] || skip 'faketime is not installed'
! ldd "$B/notifier" | grep -q libasan || skip 'faketime and a sanitizer do not go together'

exchange
export TELEGRAM_COMMANDS=true NOTIFY_LANG=en OPERATOR_CHAT=900
# run TOKEN [OFFSET]: notifier, whose clock is so far ahead.
run() {
	export TELEGRAM_BOT_TOKEN="$1"
	if [ $# -eq 1 ]; then
		spawn notifier "$B/notifier" -l -i unix:in.sock
	else
		spawn notifier env LD_PRELOAD="$lib" FAKETIME="$2" FAKETIME_DONT_FAKE_MONOTONIC=1 \
		    "$B/notifier" -l -i unix:in.sock
	fi
}
run 1:t
tell 900 /resume ',"update_id":5000000'
wait_for 8 answered 900 1
wait_for 8 offset_is 5000001
stop notifier

# Five days later it goes on behind the old number.
run 1:t +5d
tell 900 /resume ',"update_id":5000001'
wait_for 8 answered 900 2
stop notifier

run 1:t +12d
tell 900 /resume ',"update_id":77'
wait_for 8 answered 900 3
tell 900 /resume ',"update_id":78'
wait_for 8 answered 900 4
wait_for 8 offset_is 79
stop notifier

# Another bot, whose numbers are lower: all of it is news to us.
run 2:t
tell 900 '/halt' ',"update_id":3'
wait_for 8 test -e state/halt
wait_for 8 offset_is 4
[ "$(table bot | jq -c '[.bot, .update]')" = '[2,3]' ] || fail "the row: $(table bot)"
stop notifier
