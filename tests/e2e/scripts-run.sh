#!/bin/sh
# scripts/run as a new user types it, without a .env: the first message comes
# within 10 seconds of a built tree, Ctrl-C ends everything and leaves no
# process, socket or temporary file; and all of it a second time, from another
# folder.  It runs the release build in the checkout, whatever build is tested.
. "$(dirname "$0")/../lib.sh"
requires jq setsid pgrep
[ ! -e "$top/.env" ] || skip "there is a .env, so scripts/run would use a real account"
[ -x "$top/build/notifier" ] || skip "build/ has no release build"
[ -w "$top" ] || skip "the checkout cannot be written to"

mkdir tmp
export TMPDIR="$T/tmp"
for round in 1 2; do
	# A background job of sh ignores SIGINT; a terminal's job does not.
	setsid env --default-signal=INT,QUIT "$top/scripts/run" >run.out 2>run.err </dev/null &
	session=$!
	pid_run=$session
	spawned=run
	since=$(date +%s)
	wait_for 20 has run.out 'Сделка №00001 ⚡'
	took=$(($(date +%s) - since))
	[ "$took" -le 10 ] || fail "the first message took $took seconds"
	kill -INT "$session"
	status=0
	wait "$session" || status=$?
	spawned=
	[ "$status" -eq 0 ] || { cat run.err >&2; fail "scripts/run ended with $status"; }
	gone() { ! pgrep -s "$session"; }
	wait_for 5 gone
	[ -z "$(find tmp -mindepth 1)" ] || fail "a temporary file stayed: $(find tmp -mindepth 1)"
	[ -z "$(find "$top/paper" -type s)" ] || fail "a socket stayed in paper/"
	cd /
	cd "$T" || fail "cd"
done

# What the terminal showed is what the state says was sent.
[ "$("$top/build/statecat" -d "$top/paper" deliveries | grep -c '"delivered"')" -ge 1 ] ||
    fail "no delivery in the state"
