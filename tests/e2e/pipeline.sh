#!/bin/sh
# The pipeline of the README, `poller | differ | notifier`: a trade that a
# trader makes by hand at the exchange becomes messages, word for word.
#
# Worked out by hand, taker fee 0.055 %: 1 BTC bought at 45000 costs 24.75.
# Half is sold at 47000: 0.5 x 2000 - 12.925 - 24.75 / 2 = 974.7.  The rest at
# 48000: 0.5 x 3000 - 13.2 - 12.375 = 1474.425; both 2449.125.  Exit
# (47000 + 48000) / 2 = 47500, which is 5.5556 % over the entry.
#
# Not tested here: what each program does with bad input and faults (its own
# tests), sockets (pipeline-sockets.sh).
. "$(dirname "$0")/../lib.sh"
requires jq curl

exchange
control price '{"BTCUSDT":"45000"}'
export SIGNAL_POLL_INTERVAL=0.2 TELEGRAM_BOT_TOKEN=111:test-token STATE_DIR="$T/state"
"$B/subscribers" add boris -c stdout -t boris -b 1
"$B/subscribers" add ann -c telegram -t 5 -b 3 -l en
"$B/subscribers" add carl -c telegram -t 6 # no balance: gets nothing

cat >pipeline <<'END'
poller 2>poller.log | tee recorded.ndjson | differ 2>differ.log | notifier 2>notifier.log
END
spawn pipeline env PATH="$B:$PATH" sh pipeline

# event N ACTION: the N-th signal is there, and is of that kind.
event() {
	"$B/statecat" -d "$T/state" events 2>/dev/null | sed -n "$1p" | grep -q "\"action\":\"$2\""
}
snapshot() {
	grep -q '"type":"positions"' recorded.ndjson
}
wait_for 10 snapshot
control trade '{"symbol":"BTCUSDT","side":"Buy","qty":"1"}'
wait_for 10 event 1 OPEN
control price '{"BTCUSDT":"47000"}'
control trade '{"symbol":"BTCUSDT","side":"Sell","qty":"0.5","reduceOnly":true}'
wait_for 10 event 2 PARTIAL_CLOSE
control price '{"BTCUSDT":"48000"}'
control trade '{"symbol":"BTCUSDT","side":"Sell","qty":"0.5","reduceOnly":true}'
wait_for 10 event 3 CLOSE
told() {
	[ "$(grep -c '"ok":true' pipeline.out)" -eq 6 ]
}
wait_for 10 told

"$B/statecat" -d state events | jq -c '{action,position_size,old_position_size,entry_price,leverage,
    close_percentage,realized_pnl,exit_price,profit_percentage,max_position_size,close_reason,estimated,initial}
    | with_entries(select(.value != null))' >events
cat >events.expect <<'END'
{"action":"OPEN","position_size":"1","old_position_size":"0","entry_price":"45000","leverage":"10"}
{"action":"PARTIAL_CLOSE","position_size":"0.5","old_position_size":"1","entry_price":"45000","leverage":"10","close_percentage":"50.00","realized_pnl":"974.7"}
{"action":"CLOSE","position_size":"0","old_position_size":"0.5","entry_price":"45000","leverage":"10","close_percentage":"100.00","realized_pnl":"2449.125","exit_price":"47500","profit_percentage":"5.56","max_position_size":"1","close_reason":"trade"}
END
same events.expect events

# The time is the exchange's: only its form is known beforehand.
stamp='[0-9][0-9]:[0-9][0-9]:[0-9][0-9] [0-9][0-9]\.[0-9][0-9]\.[0-9]\{4\}'
jq -r 'select(.subscriber == "boris") | .text' pipeline.out | sed "s/^⏱ $stamp\$/⏱ TIME/" >boris
cat >boris.expect <<'END'
🔔 Сделка №00001 ⚡

📈 LONG BTC/USDT
Цена входа: 45000.0
Размер позиции: 1.0
Плечо: 10x

⏱ TIME
🔄 Сделка №00001 - Частичное закрытие

📈 LONG BTC/USDT
Закрыто: 50.0%
Осталось: 0.5
Частичная прибыль: +974.7 USDT
🔚 Сделка №00001 ⚡

📈 LONG BTC/USDT
Цена выхода: 47500.0
Размер позиции: 1.0
Плечо: 10x
💰 Прибыль: +5.56%
Прибыль: +2449.125 USDT

⏱ TIME
END
same boris.expect boris

# The exchange's journal is the witness: three messages to ann, in order, none
# to carl.
jq -r 'select(.chat_id != null and .delivered) | .chat_id | tostring' "$JOURNAL" >chats
printf '5\n5\n5\n' >chats.expect
same chats.expect chats
jq -r 'select(.chat_id != null) | .text | split("\n")[0]' "$JOURNAL" >ann
[ "$(grep -c 00001 ann)" -eq 3 ] || fail "ann's messages do not name the trade"
[ "$("$B/subscribers" show boris | jq -r .balance)" -eq 0 ] || fail "the OPEN did not cost boris 1"
[ "$("$B/subscribers" show ann | jq -r .balance)" -eq 2 ] || fail "the OPEN did not cost ann 1"

# End of the poller is the end of the pipeline, and of nobody else.
pkill -TERM -P "$(pid_of pipeline)" -x poller
ended pipeline 0
stop exchange

# The recording, replayed into a state of its own, gives the same signals.
"$B/differ" -d "$T/again" <recorded.ndjson >replayed 2>>differ.log
"$B/statecat" -d state events >journal.expect
same journal.expect replayed

# No secret in what was logged or passed on (F35, F105).
if grep -l -e test_secret -e 111:test-token ./*.log recorded.ndjson pipeline.out; then
	fail "a secret stands in the files above"
fi
