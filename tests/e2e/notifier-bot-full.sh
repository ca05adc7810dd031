#!/bin/sh
# /halt where nothing goes into the state: the disk takes nothing, so that not
# even what was asked can be noted; the map is full, and signals wait in vain.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
. "$top/tests/bot.sh"
requires jq curl prlimit

exchange
export TELEGRAM_BOT_TOKEN=1:t TELEGRAM_COMMANDS=true NOTIFY_LANG=en OPERATOR_CHAT=900
export STATE_MAP_SIZE=1M
halted_by() {
	[ "$(jq -r .why state/halt 2>/dev/null)" = "$1" ]
}
"$B/subscribers" add ann -c telegram -t 5 -b 9 -l en
# A log that is no file has no limit.
mkfifo in log
cat log >log.txt &
spawn notifier sh -c 'exec "$1" -l <in 2>log' sh "$B/notifier"
exec 9>in
says 5 /balance 'Balance: 9'

# Files may have 600 bytes: enough for a halt.
prlimit --fsize=600: --pid "$(pid_of notifier)"
tell 5 /stop
wait_for 10 has log.txt 'unable to use the state'
tell 900 '/halt disk'
wait_for 15 halted_by disk
"$top/scripts/resume" -d state >/dev/null
before=$(polls)
polled() {
	[ "$(polls)" -ge $((before + 2)) ]
}
wait_for 20 polled
[ ! -e state/halt ] || fail 'one /halt has halted twice'
[ -z "$(answers 900)" ] && [ "$(answers 5 | wc -l)" -eq 1 ] || fail 'an answer to what is not noted'
prlimit --fsize=unlimited: --pid "$(pid_of notifier)"
wait_for 15 answered 5 2
wait_for 15 answered 900 1
[ "$(answers 900)" = '✅ Trading is not halted.' ] || fail "the halt: $(answers 900)"
[ "$(who ann .active)" = false ] || fail '/stop had no effect'
[ "$(answers 5 | wc -l)" -eq 2 ] || fail "answered more than once: $(answers 5)"

for id in $(seq 24); do
	"$B/subscribers" add "s$id" -c stdout -t "s$id" -b 1000
done
# All of it fits into the pipe, as not all of it is read.
for n in $(seq 120); do
	signal "$n" "$n" OPEN
done >&9
wait_for 20 has log.txt 'level=error.*raise STATE_MAP_SIZE'
tell 900 '/halt full'
wait_for 15 halted_by full
wait_for 15 answered 900 2
exec 9>&-
kill -TERM "$(pid_of notifier)"
ended notifier 74
