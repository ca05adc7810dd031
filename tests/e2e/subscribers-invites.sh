#!/bin/sh
# subscribers invite, invites, revoke: codes that nobody can guess, and that
# stand in no state; what is wrong changes nothing.  Their use: notifier-bot*.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/notifier.sh"
requires jq

s() {
	"$B/subscribers" "$@"
}
# refused STATUS WORDS COMMAND...: exits so, says so, and nothing is changed.
refused() {
	refused_with=$1
	refused_words=$2
	shift 2
	table invites >before
	refused_status=0
	s "$@" >out 2>err.log || refused_status=$?
	[ "$refused_status" -eq "$refused_with" ] || fail "$*: exit $refused_status, not $refused_with"
	grep -qF -- "$refused_words" err.log || fail "$*: $(cat err.log)"
	[ ! -s out ] || fail "$*: $(cat out)"
	table invites | same before /dev/stdin
}

[ -z "$(s invites)" ] || fail "there are invites before there is a state"

# Each has a code of 24 letters and digits, of its own.
s invite -b 30 -l en -n 200 -x 12h >made
[ "$(jq -r 'select(.code | test("^[A-Za-z0-9]{24}$")) | .code' made | sort -u | wc -l)" -eq 200 ] ||
    fail "there are not 200 codes: $(head -n 2 made)"
[ "$(jq -r .id made | sort -u | wc -l)" -eq 200 ] || fail "there are not 200 ids"
jq -c 'select(.balance != 30 or .lang != "en" or has("link"))' made >odd
[ ! -s odd ] || fail "odd: $(cat odd)"
# Of 4800 letters each of the 62 comes about 77 times, none more than 150.
[ "$(jq -r .code made | grep -o . | sort | uniq -c | awk '$1 > 150' | wc -l)" -eq 0 ] || fail "the codes are not random"
[ "$(jq -r .code made | grep -o . | sort -u | wc -l)" -eq 62 ] || fail "letters are missing in the codes"

# The list shows all but the codes, and the state holds none.
s invites >listed
jq -r .id made | sort >made.ids
jq -r .id listed >listed.ids
same made.ids listed.ids
[ "$(jq -c 'select(.state == "open" and .balance == 30 and .lang == "en" and (has("code") or has("hash") | not))' listed | wc -l)" -eq 200 ] ||
    fail "listed: $(head -n 1 listed)"
jq -r .code made >codes
! grep -aqFf codes state/notifier.mdb || fail "a code stands in the state"

# Expiry: a time, or minutes, hours, days from now; a month by itself.
left() {
	jq -r '(.expires[0:19] + "Z" | fromdate) - now | . / 60 | round'
}
[ "$(s invite -x 90m | left)" -eq 90 ] || fail "90m"
[ "$(s invite -x 12h | left)" -eq 720 ] || fail "12h"
[ "$(s invite | left)" -eq 43200 ] || fail "no -x"
next=$(($(date +%Y) + 1))
[ "$(s invite -x "$next-06-30T12:00:00Z" | jq -r .expires)" = "$next-06-30T12:00:00.000Z" ] || fail "a time"
[ "$(s invite | jq -r '.balance, has("lang")' | tr '\n' ' ')" = '0 false ' ] || fail "a plain one"
s invite -x 1m | jq -r .id >short
jq -rn --arg id "$(cat short)" 'inputs | select(.id == $id) | .state' <<END | grep -qx open || fail "it is not open"
$(s invites)
END

# Revoked: it is gone; others stay.
id=$(jq -r .id made | head -n 1)
before=$(s invites | wc -l)
s revoke "$id"
[ "$(s invites | wc -l)" -eq $((before - 1)) ] || fail "revoke"
! s invites | grep -q "$id" || fail "$id is there still"
refused 65 'there is no invite with the id' revoke "$id"

# What is wrong.
refused 64 "option -x '2020-01-01T00:00:00Z'" invite -x 2020-01-01T00:00:00Z
refused 64 "option -x '0d'" invite -x 0d
refused 64 "option -x '4000d'" invite -x 4000d
refused 64 "option -x 'soon'" invite -x soon
refused 64 "option -b '-1'" invite -b -1
refused 64 "option -n '0'" invite -n 0
refused 64 "option -n '1001'" invite -n 1001
refused 64 "option -l 'de'" invite -l de
refused 64 "'x' is not expected" invite x
refused 64 'option -b needs an argument' invite -b
refused 64 'expected the ID of an invite' revoke
refused 64 "'x' is not expected" invites x
