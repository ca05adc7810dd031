#!/bin/sh
# tests/rig/judge finds what it is there to find: journals in which nothing is
# wrong, and the same with one thing wrong at a time; and the plan of a seed is
# the same each time.
#
# Not tested: I1 and I4 of tests/oracle (oracle.sh); that the rig provokes all of
# this: the e2e tests that name an F-number do that one by one.
. "$(dirname "$0")/../lib.sh"
requires jq

# Line makers, each with a tag to name it by.
moment=2026-11-21T11:00:
stood() { # SECOND SYMBOL SIDE SIZE [STOP]
	jq -nc --arg t "$moment$1Z" --arg s "$2" --arg side "$3" --arg size "$4" --arg stop "${5:-0}" \
	    '{type: "position", time: $t, symbol: $s, positionIdx: 0, side: $side, size: $size, stopLoss: $stop, tag: "stood \($s) \($size)"}'
}
hook() { # SECOND SEQ NUMBER ACTION SYMBOL TYPE OLD NEW [SECOND OF THE LINE]
	jq -nc --arg t "$moment$1Z" --argjson seq "$2" --argjson n "$3" --arg a "$4" --arg s "$5" --arg type "$6" --arg old "$7" --arg new "$8" \
	    --arg at "$moment${9:-$1}Z" '{time: $t, n: 1, method: "POST", path: "/hook/wire", status: 200, delivered: true, tag: "hook \($seq)",
	    text: ({type: "signal", seq: $seq, time: $at, signal_number: $n, action: $a, symbol: $s, position_idx: 0, signal_type: $type,
	    position_size: $new, old_position_size: $old} + if $n == 5 then {test: true} else {} end | tojson)}'
}
told() { # SECOND CHAT SIGN NUMBER
	jq -nc --arg t "$moment$1Z" --arg c "$2" --arg sign "$3" --arg n "$4" '{time: $t, n: 1, method: "POST", path: "/bot***/sendMessage", status: 200,
	    chat_id: $c, text: "\($sign) Trade #\($n) and so on", delivered: true, tag: "told \($c) \($sign)\($n)"}'
}
all_told() { # SECOND SIGN NUMBER CHAT...
	second=$1 sign=$2 number=$3
	shift 3
	for chat; do
		told "$second" "$chat" "$sign" "$number"
	done
}
{
	stood 01.000 COIN011USDT Buy 10
	hook 01.200 1 1 OPEN COIN011USDT buy 0 10
	all_told 01.300 🔔 00001 101 102 103
	stood 02.000 COIN011USDT Buy 15
	stood 02.100 COIN011USDT Buy 15 0.9 # a stop alone
	hook 02.200 2 1 INCREASE COIN011USDT buy 10 15
	all_told 02.300 🔼 00001 101 102
	stood 02.500 COIN011USDT Buy 12 # between two looks
	stood 03.000 COIN011USDT Buy 5
	hook 03.200 3 1 PARTIAL_CLOSE COIN011USDT buy 15 5
	all_told 03.300 🔄 00001 101 102
	stood 04.000 COIN011USDT '' 0
	hook 04.200 4 1 CLOSE COIN011USDT buy 5 0
	all_told 04.300 🔚 00001 101 102
	# Over before it was looked at, in two orders: told as two.
	stood 05.000 COIN012USDT Sell 7
	stood 05.010 COIN012USDT Sell 4
	stood 05.020 COIN012USDT '' 0
	hook 05.200 5 2 OPEN COIN012USDT sell 0 3 05.100
	hook 05.201 6 2 CLOSE COIN012USDT sell 3 0 05.100
	hook 05.202 7 3 OPEN COIN012USDT sell 0 4 05.100
	hook 05.203 8 3 CLOSE COIN012USDT sell 4 0 05.100
	for n in 00002 00003; do
		all_told "05.3${n#0000}0" 🔔 $n 101 103
		all_told "05.3${n#0000}5" 🔚 $n 101 103
	done
	# A flip.
	stood 06.000 COIN013USDT Buy 3
	hook 06.200 9 4 OPEN COIN013USDT buy 0 3
	all_told 06.300 🔔 00004 101
	hook 06.500 10 5 OPEN BTCUSDT buy 0 1 # by hand, for testers
	stood 07.000 COIN013USDT Sell 4
	hook 07.200 11 4 CLOSE COIN013USDT buy 3 0
	hook 07.201 12 6 OPEN COIN013USDT sell 0 4
	all_told 07.300 🔚 00004 101
	all_told 07.400 🔔 00006 101 103
	jq -nc '{time: "2026-11-21T11:00:20.000Z", n: 9, method: "GET", path: "/v5/market/time", status: 200, tag: "end"}'
} >good
cat >roster.ndjson <<'END'
{"id":"wire","at":["/hook/wire"],"gets":"all","tester":true}
{"id":"ann","at":["101"],"gets":"all"}
{"id":"poor","at":["102"],"gets":"first","n":1}
{"id":"late","at":["103"],"gets":"some"}
END
cat >export.ndjson <<'END'
{"id":"wire","balance":95}
{"id":"ann","balance":5}
{"id":"poor","balance":0}
{"id":"late","balance":6}
END
cat >ledger.ndjson <<'END'
{"subscriber":"wire","why":"add","change":100}
{"subscriber":"wire","why":"open","change":-5}
{"subscriber":"ann","why":"add","change":10}
{"subscriber":"ann","why":"open","change":-5}
{"subscriber":"poor","why":"add","change":1}
{"subscriber":"poor","why":"open","change":-1}
{"subscriber":"late","why":"add","change":9}
{"subscriber":"late","why":"credit","change":1}
{"subscriber":"late","why":"open","change":-4}
END
for file in roster export ledger; do
	cp $file.ndjson $file.good
done
: >did.good
: >never.ids

# finds EXPECTED FILTER: what the judge says of the journal that the filter makes
# of the good one, by its letters; the other files are put back afterwards.
finds() {
	jq -sc "$2 | flatten | sort_by(.time)[]" good >journal.ndjson
	[ -e did.ndjson ] || cp did.good did.ndjson
	status=0
	"$top/tests/rig/judge" . >found 2>judge.err || status=$?
	found=$(sed 's/:.*//' found | sort -u | paste -sd ' ')
	[ "$found" = "$1" ] || fail "$2: expected '$1', not '$found': $(cat found judge.err)"
	[ "$status" -eq "$([ -z "$1" ] && echo 0 || echo 1)" ] || fail "$2: exit $status"
	for file in roster export ledger; do
		cp $file.good $file.ndjson
	done
	rm -f did.ndjson
	: >never.ids
}
without() { # TAG
	printf 'map(select(.tag != "%s"))' "$1"
}
# again TAG SECOND [CHANGE OF THE FIRST]: it comes a second time.
again() {
	printf 'map(if .tag == "%s" then (. %s), (.time = "%s%sZ") else . end)' "$1" "${3:-}" "$moment" "$2"
}
# kills SECOND...: of notifier.
kills() {
	for second; do
		printf '{"t":%d,"did":"kill run","stage":"notifier"}\n' "$(date -d "$moment${second}Z" +%s%3N)"
	done >>did.ndjson
}
finds '' .

# Two trades in a row, told as one as they look alike; not of another size, nor
# where one on the other side came between, nor where the second is open.
row() { # SECOND:SIDE:SIZE...
	printf 'map(select((.tag | startswith("stood COIN012USDT") | not) or .size == "7"))'
	printf ' | map(if .tag == "stood COIN012USDT 7" then '
	for stood; do
		IFS=: read -r second side size <<-END
			$stood
		END
		printf '(.time = "%s%sZ" | .side = "%s" | .size = "%s"), ' "$moment" "$second" "$side" "$size"
	done
	printf 'empty else . end)'
}
finds '' "$(row 05.000:Sell:1 05.001::0 05.002:Sell:2 05.003::0 05.004:Sell:4 05.005::0)"
# One that was reduced and added to is told by what was closed of it in all.
finds '' "$(row 05.000:Sell:2 05.001:Sell:1 05.002:Sell:2 05.003::0 05.004:Sell:4 05.005::0)"
finds I5 "$(row 05.000:Sell:1 05.001::0 05.002:Sell:1 05.003::0 05.004:Sell:4 05.005::0)"
finds I5 "$(row 05.000:Sell:1 05.001::0 05.002:Buy:1 05.003:Sell:2 05.004::0 05.005:Sell:4 05.006::0)"
finds I5 "$(row 05.000:Sell:4 05.001::0 05.002:Sell:1 05.003::0 05.004:Sell:2)"

# One that grew unseen, and the next, which nobody saw: told as one.
grown() { # SIZE
	printf '. + (.[] | select(.tag == "stood COIN011USDT 5") | ['
	printf '(.time = "%s03.500Z" | .size = "%s"), (.time = "%s03.600Z" | .side = "" | .size = "0"), ' "$moment" "$1" "$moment"
	printf '(.time = "%s03.700Z" | .size = "3")])' "$moment"
}
finds '' "$(grown 9)"
finds I5 "$(grown 4)"

# I5: each change of a position once, in order, none invented.
finds 'I5 M' "$(without 'hook 2')"
finds 'I5 M' "$(again 'hook 2' 09.000)"
finds 'I5 M' 'map(if .tag == "hook 2" then .time = "'"$moment"'03.250Z" else . end)'
finds I5 "$(without 'stood COIN011USDT 15')"                # told, and was not
finds I5 "$(without 'stood COIN012USDT 0')"                 # told as closed, and is open
finds I5 'map(if .tag == "stood COIN013USDT 4" then .side = "Buy" else . end)'
finds I5 'map(if .tag == "stood COIN013USDT 4" then .size = "5" else . end)'
finds I5 '. + [.[] | select(.tag == "stood COIN013USDT 4") | .symbol = "COIN014USDT"]' # never told
finds I5 'map(if .tag == "hook 3" then .text |= sub("\"old_position_size\":\"15\""; "\"old_position_size\":\"14\"") else . end)'
finds I5 'map(if .tag == "hook 7" then .text |= sub("\"position_size\":\"4\""; "\"position_size\":\"3\"") else . end)'

# M: each message once, in order, to whom it is due.
finds M "$(without 'told 101 🔄00001')"
finds M "$(again 'told 101 🔼00001' 03.400)" # not after what followed
finds M 'map(if .tag == "told 101 🔼00001" then .time = "'"$moment"'03.350Z" else . end)'
finds M '. + [.[] | select(.tag == "told 101 🔔00001") | .chat_id = "999"]'
finds 'B M' '. + [.[] | select(.tag == "told 101 🔔00004") | .chat_id = "102"]' # who has nothing left
finds 'M' '. + [.[] | select(.tag == "told 101 🔚00004") | .chat_id = "103"]' # who did not get its OPEN
finds 'M' '. + [.[] | select(.tag == "told 101 🔔00001") | .text = "🔔 Trade #00005 TEST" | .time = "'"$moment"'06.600Z"]' # no tester
finds 'M' "$(again 'told 103 🔚00002' 08.000)"

# Twice: where its reply was lost, or notifier killed within a second of it.
finds M "$(again 'told 101 🔼00001' 02.900)"
finds '' "$(again 'told 101 🔼00001' 02.900 '| .status = 0')"
finds '' "$(again 'told 101 🔼00001' 02.900 '| .fault = true')"
finds M "$(again 'hook 2' 02.900)"
kills 02.600
finds '' "$(again 'told 101 🔼00001' 02.900)"
kills 02.600
finds '' "$(again 'hook 2' 02.900)"
kills 01.900 # it was on its way
finds '' "$(again 'told 101 🔼00001' 02.900)"
kills 01.700 02.950 # long before it, and after
finds M "$(again 'told 101 🔼00001' 02.900)"
kills 03.400 # long after
finds M "$(again 'told 102 🔚00001' 09.000)"
kills 05.000
finds M "$(again 'told 102 🔚00001' 02.900)"
kills 04.399 # at once, and started again
finds '' "$(again 'told 102 🔚00001' 06.114)"
kills 05.726 # not the moment before it came again
finds M "$(again 'told 102 🔚00001' 06.114)"

# B: balance = credits - trades that came.
echo '{"id":"ann","balance":4}' >one
grep -v ann export.good | cat - one >export.ndjson
finds B .
finds B "$(without 'told 103 🔔00006')"
sed 's/"why":"credit","change":1/"why":"credit","change":2/' ledger.good >ledger.ndjson
finds B .
sed 's/"why":"open","change":-4/"why":"open","change":-5/' ledger.good >ledger.ndjson
finds B .
# Paid back, as it was refused in the end: where a kill kept its first arrival secret.
back() {
	sed '/"late","why":"open"/s/$/\n{"subscriber":"late","why":"undelivered","signal_number":6,"change":1}/' ledger.good >ledger.ndjson
	sed '/late/s/6/7/' export.good >export.ndjson
}
back
finds B .
back
kills 07.900
finds '' .

# I4: who is not let in.
id=0123456789abcdef0123456789abcdef
order="[{time: \"${moment}10.000Z\", n: 1, method: \"POST\", path: \"/v5/order/create\", status: 200, booked: true,
    body: ({symbol: \"COIN001USDT\", side: \"Buy\", qty: \"1\", orderLinkId: \"$id-0\"} | tojson)}]"
finds '' ". + $order"
echo $id >never.ids
finds I4 ". + $order"

echo $id >posted.ids
finds '' ". + $order"
echo fedcba9876543210fedcba9876543210 >posted.ids
finds I4 ". + $order"
rm posted.ids
# I2: what a client was told of.
booked="($order | .[-1].orderId = \"a-1\")"
told_client() {
	printf '{"id":"%s","status":200,"answer":%s}\n' $id "$1" >clients.ndjson
}
told_client '{"orderId":"a-1"}'
finds '' ". + $booked"
told_client '{"orderIds":["a-1","b-2"]}'
finds I2 ". + $booked"
told_client '{"orderId":"b-2"}'
finds I2 ". + $booked"
rm clients.ndjson

# I3: twelve seconds without a stop, those not counted in which trader was
# killed, until a second after it was ready, or stopped, or the exchange was
# told to fail.
moment=2026-11-21T11:01:
bare=". + $order + [{type: \"fill\", time: \"${moment}00.000Z\", symbol: \"COIN001USDT\", positionIdx: 0, side: \"Buy\", qty: \"1\", orderLinkId: \"$id-0\"},
    ($(stood 00.000 COIN001USDT Buy 1)), ($(stood SECOND COIN001USDT Buy 1 0.9))]"
bare_until() {
	printf '%s' "$bare" | sed "s/SECOND/$1/" # the invented trade is one that was not told, too
}
did() { # SECOND WHAT
	jq -nc --argjson t "$(date -d "$moment${1}Z" +%s%3N)" --arg did "$2" --arg stage "${3-trader}" "{t: \$t, did: \$did, stage: \$stage}" >>did.ndjson
}
finds I5 "$(bare_until 12.000)"
finds 'I3 I5' "$(bare_until 12.100)"
did 02.000 'kill run'
echo "time=${moment}03.000Z level=info stage=trader msg=\"ready\" dir=state" >trader.log
finds I5 "$(bare_until 14.000)"
did 02.000 'kill run'
finds 'I3 I5' "$(bare_until 14.100)"
rm trader.log
did 02.000 stop
did 04.000 continue
finds I5 "$(bare_until 14.500)"
did 02.000 stop
did 04.000 continue
finds 'I3 I5' "$(bare_until 14.600)"
did 02.000 'fault {"path":"/v5/position/list"}' ''
did 02.000 'fault {"path":"/v5/market"}' ''
finds I5 "$(bare_until 15.000)"
did 02.000 'fault {"path":"/v5/position/list"}' ''
finds 'I3 I5' "$(bare_until 15.100)"
did 02.000 'fault {"reset":"before"}' ''
did 03.000 'kill run' # and not ready again for 5 s: both at once count once
finds 'I3 I5' "$(bare_until 19.100)"
did 02.000 'fault {"reset":"before"}' ''
did 03.000 'kill run'
finds I5 "$(bare_until 19.000)"
did 02.000 'kill run' differ # another one is no excuse
finds 'I3 I5' "$(bare_until 12.100)"

# The same seed, the same plan; another one, another.
for n in 1 2; do
	"$top/tests/rig/plan" 7 20 >plan.$n
done
same plan.1 plan.2
"$top/tests/rig/plan" 8 20 >plan.3
! cmp -s plan.1 plan.3 || fail 'two seeds make one plan'
for verb in alert again stale hostile kill kill-twice stop continue restart control subscribers block end; do
	"$top/tests/rig/plan" 7 120 | grep -q "^[0-9]* $verb" || fail "the plan never says $verb"
done
