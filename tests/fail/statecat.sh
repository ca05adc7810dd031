# A table: all of it, or an error.
recording=$top/tests/replay/differ/reasons/in.ndjson

scene() {
	"$B/differ" -d state <"$recording" >/dev/null 2>differ.log
	"$B/statecat" -d state differ/events >calm.out
}

act() {
	victim statecat "$B/statecat" -d state differ/events
	victim_ends
	only_lines_of calm.out statecat.out
	[ "$ended_status" -ne 0 ] || same calm.out statecat.out
}

recover() {
	"$B/statecat" -d state differ/events >again.out
}

verify() {
	same calm.out again.out
}
