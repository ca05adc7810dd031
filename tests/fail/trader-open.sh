# Keeps a state.  As trader: where it starts with orders that are not final. One
# was sent and booked, and the reply was lost; one filled, and its stop loss is
# gone; one is protected. Each must end with its stop, or else closed, once.
. "$top/tests/fail/trader.sh"
export ALLOWED_SYMBOLS=BTCUSDT,ETHUSDT,SOLUSDT
orders='1 2 3'

scene() {
	exchange
	control limits '{"per_second":1000,"per_ip":0}'
	decide </dev/null
	mkdir -m 700 run
	begin
	entry 3 buy 5.0 100.00 98.00 SOLUSDT | decide
	wait_for 10 is_state 3 protected
	control fault '{"path":"/v5/order/create","match":"BTCUSDT","reset":"after"}'
	for path in order/realtime order/history execution/list; do
		control fault "{\"path\":\"/v5/$path\",\"match\":\"BTCUSDT\",\"status\":502,\"count\":0}"
	done
	entry 1 >decided.1
	decide <decided.1
	wait_for 10 is_state 1 sent
	control delay '{"position_ms":60000}'
	entry 2 buy 0.40 2500.00 2450.00 ETHUSDT >decided.2
	decide <decided.2
	wait_for 10 is_state 2 filled
	kill9 trader
	is 'before the start' 'sent filled protected' "$(state 1) $(state 2) $(state 3)"
	control clear '{}'
	control stop '{"symbol":"ETHUSDT","stopLoss":"0"}'
	cat trader.out >results
	mv trader.log scene.log
}
begin() {
	rm -f run/trader.sock
	spawn trader "$B/trader" -d "$S" -i unix:run/trader.sock
	wait_for 10 ready
}

act() {
	rm -f run/trader.sock
	victim trader "$B/trader" -d "$S" -i unix:run/trader.sock
	lives_on 15 ready
	gone || lives_on 15 safe
	victim_ends TERM
	cat trader.out >>results
	said_is_kept
}
# safe: all of them have their stop, or are closed, and were told.
safe() {
	[ "$("$B/statecat" -d "$S" trader/orders | grep -cE '00000000(1|2|3)-0".*"state":"(protected|closed)"')" -eq 3 ] &&
	    said 1 && said 2 && said 3
}

recover() {
	mv trader.log first.log
	begin
	printf '{"from":0,"to":%s}\n' "$(date +%s%3N)" >pauses
	for n in 1 2; do
		said $n || send run/trader.sock <decided.$n
	done
	wait_for 20 safe
	stop trader
	cat trader.out >>results
}

# ends N SYMBOL SIZE-AND-STOP
ends() {
	is "orders of $1" 1 "$(placed "$1")"
	case $(state "$1"):$(placed "$1" 0x) in
	protected:0) is "position of $1" "$3" "$(stands "$2")" ;;
	closed:1) case $(stands "$2") in '' | '0 '*) ;; *) fail "$1 is closed: $(stands "$2")" ;; esac ;;
	*) fail "$1: $(state "$1")" ;;
	esac
}
verify() {
	ends 1 BTCUSDT '0.02 46550'
	ends 2 ETHUSDT '0.4 2450'
	ends 3 SOLUSDT '5 98'
	PAUSES=pauses O=$B "$top/tests/oracle" "$JOURNAL" "$S" >&2 || fail 'the oracle has something against it'
}
