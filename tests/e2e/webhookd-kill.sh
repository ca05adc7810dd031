#!/bin/sh
# F08: webhookd killed with an alert read and handed on, but not recorded (K1),
# recorded and not answered (K2), inside its transaction (K4), and after a 202
# whose line nobody has read (K3).  Whatever the client then does, risker gets
# one id, and every client that asks again gets its result.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/webhookd.sh"
kill_points webhookd
WEBHOOKD=$K/webhookd

risker
n=0
for stamp in stamped bare; do
	for point in K1 K2 K4:2; do
		for starts in 1 3; do
			n=$((n + 1))
			t=$((1640995200 + 60 * n))
			[ "$stamp" = stamped ] || t=
			# A symbol for each: what is bare would be the same alert.
			body=$(alert "A${n}USDT" "$t")
			hook SLUICE_KILL=$point
			wait_for 10 connected
			post "$body"
			[ "$STATUS" = cut ] || fail "$point: it was not killed but answered $STATUS"
			ended webhookd 137
			hook
			for again in $(seq 2 $starts); do
				kill9 webhookd
				hook
			done
			wait_for 10 connected
			post "$body"
			answers 200
			[ "$(jq -r "select(.symbol == \"A${n}USDT\").id" handed | sort -u | wc -l)" -eq 1 ] ||
			    fail "$point $stamp: $(grep "A${n}USDT" handed)"
			kill9 webhookd
		done
	done
done

# K3: the line lies unread in the socket of a risker that is then killed too.
for starts in 1 3; do
	n=$((n + 1))
	body=$(alert "A${n}USDT" $((1640995200 + 60 * n)))
	hook SLUICE_KILL=K3 WEBHOOK_TIMEOUT=0.3
	wait_for 10 connected
	kill -STOP "$(pid_of risker)"
	post "$body"
	answers 202
	id=$(jq -r .id answer.json)
	ended webhookd 137
	kill9 risker
	! grep -q "$id" handed || fail 'K3: risker has read it'
	hook
	for again in $(seq 2 $starts); do
		kill9 webhookd
		hook
	done
	risker
	wait_for 10 grep -q "$id" handed
	wait_for 10 sh -c "'$B/statecat' -d state webhookd/alerts | grep '$id' | grep -q answered"
	post "$body"
	answers 200 '.duplicate == true'
	kill9 webhookd
done
