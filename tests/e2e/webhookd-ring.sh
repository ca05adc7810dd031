#!/bin/sh
# webhookd as a filter, in the ring webhookd <results | risker >results: F92
# (the reader of its output has gone), F95 (a line comes at once), F96 (neither
# full pipes nor the end lock it up), end of input, half a last line.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/webhookd.sh"

# A risker for pipes: three lines of noise with each result, so that the way
# back is fuller than the way there; slow where the file slow is.
cat >filter.pl <<'END'
$| = 1;
while (<STDIN>) {
	open(my $to, '>>', 'handed'); print $to $_; close $to;
	select undef, undef, undef, 0.2 while -e 'slow';
	my ($id) = /"id":"([0-9a-f]{32})"/ or next;
	print '{"type":"other","text":"', 'x' x 4000, qq("}\n) for 1 .. 3;
	print qq({"type":"result","id":"$id","code":200,"ok":true}\n);
}
open(my $to, '>', 'filter.ended');
END
mkfifo results alerts
: >webhookd.log
spawn webhookd sh -c "exec env WEBHOOK_TRUST_PROXY=127.0.0.1 WEBHOOK_TIMEOUT=1 '$B/webhookd' >alerts <results"
spawn filter sh -c 'exec perl filter.pl <alerts >results'
hook_ready

# F95: one alert, one line, one answer, at once.
post "$(alert A1USDT 1640995200000)" -w '%{http_code} %{time_total}'
[ "${STATUS% *}" = 200 ] || fail "F95: $STATUS"
awk -v t="${STATUS#* }" 'BEGIN { exit t >= 0.5 }' || fail "F95: it took ${STATUS#* } s"

# F96: the ring stands still and fills up: 400 alerts wait; then it goes on.
touch slow

for round in 1 2 3 4; do
	seq 100 | while read -r k; do
		alert "A${round}X${k}USDT" 1640995200000 >"body.$k"
		printf 'url=%s/bybit\ndata-binary=@body.%s\nheader="X-Forwarded-For: 10.2.%s.%s"\noutput=/dev/null\nwrite-out="%%{http_code}\\n"\nnext\n' \
		    "$HOOK" "$k" "$round" "$k"
	done | sed '$d' >many
	[ "$round" -lt 4 ] || rm slow
	curl -sS --no-progress-meter -m 10 -Z --parallel-immediate --parallel-max 100 -K many >>codes || fail 'F96: a connection was cut'
	[ "$round" -ne 1 ] || [ "$(sort -u codes)" = 202 ] || fail "F96: $(sort codes | uniq -c)"
done
[ "$(grep -c '20[02]' codes)" -eq 400 ] || fail "F96: $(sort codes | uniq -c)"
all_answered() {
	[ "$("$B/statecat" -d state webhookd/alerts | grep -c '"state":"answered"')" -eq "$1" ]
}
wait_for 30 all_answered 401
handed 401 || fail 'F96: not each line once'

# SIGTERM: the output ends, so the filter does, and what it still said is read.
touch slow
post "$(alert A9USDT 1640995200000)"
answers 202
kill -TERM "$(pid_of webhookd)"
sleep 0.2
rm slow
ended webhookd 0
[ -e filter.ended ] || fail 'SIGTERM: it did not wait for the end of the ring'
ended filter 0
all_answered 402 || fail 'SIGTERM: the last result was not read'

# The end of its input is the end: 0; inside a line: 65, and said.
status=0
printf '%s\n' '{"type":"other"}' | "$B/webhookd" >end.out 2>end.log || status=$?
[ "$status" -eq 0 ] || fail "end of input: status $status"
"$B/webhookd" </dev/null >end.out 2>end.log || fail '/dev/null is no good input'
status=0
printf '%s\n{"type":"res' 'no line of ours' | "$B/webhookd" >end.out 2>end.log || status=$?
[ "$status" -eq 65 ] || fail "F93: half a line: status $status"
grep -q 'level=warn.*line 1' end.log || fail 'F93: it is not said which line'

# F92: its reader has gone: 74, a clear message, and the state has the alert,
# which the next start writes again.
mkfifo in
exec 6<>in
: >webhookd.log
spawn gone sh -c "exec env WEBHOOK_TIMEOUT=0.3 '$B/webhookd' <in >alerts 2>'$T/webhookd.log'"
exec 5<alerts
hook_ready

post "$(alert F1USDT 1640995200000)"
answers 202
exec 5<&-
ended gone 74
grep -q 'level=error.*unable to write' webhookd.log || fail 'F92: no clear message'
spawn again sh -c "exec '$B/webhookd' <in 6>&-"
wait_for 10 has "$T/again.out" F1USDT
exec 6>&-
ended again 0
[ "$(wc -l <again.out)" -eq 1 ] || fail "F92: $(cat again.out)"
