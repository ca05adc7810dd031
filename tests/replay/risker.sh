#!/bin/sh
# tests/replay/risker.sh CASE: one case of tests/replay/risker, in an empty
# folder, as tests/replay/run calls it; exit 0 where all is as it should be.
# CASE is the folder of the case; $O that of the programs.  A case has
#   note           what it shows, with the numbers worked out by hand
#   expect.ndjson  what risker must write, byte for byte, over all steps
#   env            KEY=value lines for risker's environment (optional)
#   base           the state before the first step instead of ../base.ndjson;
#                  empty: there is no state of differ's (optional)
# and its steps: these files in it, or in folders 1, 2, 3, … of it:
#   state.ndjson   lines that differ takes (optional)
#   orders.ndjson  rows for trader's table `orders` (optional)
#   in.ndjson      what goes into risker
#   stderr         basic regular expressions, each to be found in a line of
#                  risker's standard error (optional)
# Each step is run on a copy of its state too: a line at a time, in another
# zone, and the whole of it twice; the same bytes must come out.
set -eu
case=$1
bad=0
complain() {
	bad=1
	printf '%s\n' "$*"
}
differ() {
	"$O/differ" -d "$1" >/dev/null 2>differ.err || {
		cat differ.err
		complain 'differ failed'
	}
}
risker() {
	risker_dir=$1
	shift
	if [ -e "$case/env" ]; then
		# shellcheck disable=SC2046 # no setting there has a blank
		set -- env $(grep -v '^#' "$case/env") "$@"
	fi
	"$@" "$O/risker" -d "$risker_dir" 2>risker.err || {
		cat risker.err
		complain 'risker failed'
	}
}
step() {
	[ ! -e "$1/state.ndjson" ] || differ state <"$1/state.ndjson"
	[ ! -e "$1/orders.ndjson" ] ||
	    "$O/rows" state trader orders order_link_id <"$1/orders.ndjson" ||
	    complain 'rows failed'
	rm -rf copy
	cp -R state copy
	risker state <"$1/in.ndjson" >step
	if [ -e "$1/stderr" ]; then
		while IFS= read -r pattern; do
			grep -q -- "$pattern" risker.err ||
			    complain "standard error lacks: $pattern"
		done <"$1/stderr"
	fi
	cat step >>out
	: >lines
	while IFS= read -r line; do
		printf '%s\n' "$line" | risker copy env TZ=Asia/Tokyo >>lines
	done <"$1/in.ndjson"
	cmp step lines || complain 'a line at a time gives other lines'
	risker state <"$1/in.ndjson" >again
	cmp step again || complain 'the same lines again give other lines'
}

: >out
mkdir -m 700 state
base=$case/../base.ndjson
[ ! -e "$case/base" ] || base=$case/base
[ ! -s "$base" ] || differ state <"$base"
if [ -d "$case/1" ]; then
	for folder in "$case"/[1-9]; do
		step "$folder"
	done
else
	step "$case"
fi
diff -u "$case/expect.ndjson" out || complain 'other lines came out'
exit "$bad"
