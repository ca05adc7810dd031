#!/bin/sh
# A locale that writes 1,5 and whose capital of i is no I changes nothing: no
# program takes it from the environment, and numbers, names and messages are
# byte for byte the same.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/limits.sh"
requires localedef nm
export LOCPATH="$T/locales"
mkdir locales
# The C library keeps what it has made of LOCPATH, when OpenSSL asks it for C.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
for locale in de_DE tr_TR; do
	localedef -i "$locale" -f UTF-8 "locales/$locale.UTF-8" 2>localedef.log || skip "there is no locale $locale to make"
done
[ "$(env LC_ALL=de_DE.UTF-8 printf %.1f 1,5)" = 1,5 ] || fail 'the locale is not in force here'

exchange
control limits '{"per_ip":0,"per_second":1000}'
for program in $programs; do
	for locale in de_DE tr_TR; do
		begin "$program" env LC_ALL="$locale.UTF-8" LANG="$locale.UTF-8"
		ready "$program"
		work "$program"
		stop "$program"
	done
done
has notifier.lines 'Entry price: 45000\.5.n' 2 || fail "notifier wrote $(cat notifier.lines)"
has poller.lines '"markPrice":"47500\.00"' || fail 'the poller wrote other numbers'
has webhookd.lines '"price":"47500\.00"' 2 || fail 'webhookd wrote other numbers'

# Recordings, with numbers of all kinds.
for case in "$top"/tests/replay/differ/numbers-*/; do
	for locale in de_DE tr_TR; do
		rm -rf replayed
		LC_ALL=$locale.UTF-8 "$B/differ" -d replayed <"$case/in.ndjson" >replayed.out 2>replayed.log || fail "$case in $locale"
		same "$case/expect.ndjson" replayed.out
	done
done
# And so it stays: who does not ask for the locale does not get it.
for program in $programs statecat subscribers; do
	nm -D --undefined-only "$B/$program" >taken
	has taken main && ! grep -qw 'setlocale\|newlocale' taken || fail "$program asks for the locale"
done
