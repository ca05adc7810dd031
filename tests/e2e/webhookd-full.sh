#!/bin/sh
# F08, F73: the disk is full: 503 and not a word to risker, but for what is
# known; when there is room, the same alerts trade, once.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/webhookd.sh"
small_disk 2

export STATE_DIR="$T/disk/state" WEBHOOK_TIMEOUT=0.5
risker
hook
wait_for 10 connected
post "$(alert BTCUSDT 1640995200000)"
answers 200

# The first that cannot be recorded is on its way already: its result is told.
fill_disk
n=0
until has "$T/webhookd.log" 'unable to commit'; do
	n=$((n + 1))
	post "$(alert "A${n}USDT" 1640995200000)"
	answers 200
	[ "$n" -lt 100 ] || fail 'the disk does not fill up'
done
before=$(wc -l <handed)
for symbol in B1USDT B2USDT; do
	post "$(alert $symbol 1640995200000)"
	answers 503 '.ok == false'
	post "$(alert $symbol '')"
	answers 503
done
handed "$before" || fail "F08: handed on and not recorded: $(tail -n 1 handed)"
post "$(alert BTCUSDT 1640995200000)"
answers 200 '.duplicate == true'
post "$(alert "A${n}USDT" 1640995200000)"
answers 200 '.duplicate == true'
handed "$before" || fail 'F07: a known alert was handed on again'

rm disk/filler
wait_for 15 has "$T/webhookd.log" 'the state works again'
for symbol in B1USDT B2USDT; do
	post "$(alert $symbol 1640995200000)"
	answers 200 '.duplicate == null'
	post "$(alert $symbol '')"
	answers 200 '.duplicate == null'
done
[ "$(wc -l <handed)" -eq "$(jq -r .id handed | sort -u | wc -l)" ] || fail 'F07: an id was handed on twice'
stop webhookd
"$B/statecat" webhookd/alerts | grep "answered.*A${n}USDT" >row.out ||
    fail 'what could not be recorded then is not recorded now'
