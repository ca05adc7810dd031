# Keeps a state.  A recording as standard input; then the same once more.
recording=$top/tests/replay/differ/reasons/in.ndjson

scene() {
	"$B/differ" -d calm <"$recording" >calm.out 2>calm.log
	"$B/statecat" -d calm differ/events >calm.events
	"$B/statecat" -d calm differ/signals >calm.signals
}

act() {
	victim_in=$recording
	victim differ "$B/differ" -d state
	victim_ends
	only_lines_of calm.out differ.out
	[ "$ended_status" -ne 0 ] || same calm.out differ.out
	[ ! -s differ.out ] || "$B/statecat" -d state differ/events >kept || fail 'lines, and no state'
	only_lines_of kept differ.out
}

recover() {
	"$B/differ" -d state <"$recording" >again.out 2>again.log || fail 'the next start failed'
}

verify() {
	only_lines_of calm.out again.out
	"$B/statecat" -d state differ/events >events
	same calm.events events
	"$B/statecat" -d state differ/signals >signals
	same calm.signals signals
}
