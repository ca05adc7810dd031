# scripts/state-dir.sh - which state folder a script works on.  Sourced.
#
#   state_dir "$@"; shift "$state_args"
#
# Sets $dir: that of -d, else of STATE_DIR, else of STATE_DIR in .env, else
# ./state, or ./paper where that alone is there.  What .env says, and what is
# left to the scripts, counts from the project's folder.  No program of Sluice
# is needed.  A folder that is not there, or a .env that cannot be read, ends
# the script with 78: a halt in the wrong place stops nothing.

# is_held FILE: somebody has the lock.
is_held() {
	[ -e "$1" ] || return 1
	held=0
	flock -s -n -E 100 "$1" true 2>/dev/null || held=$?
	[ "$held" -eq 100 ]
}

# dotenv NAME FILE: its value in that .env, by the rules of the programs.
dotenv() {
	awk -v name="$1" '
	function unquote(s,  out, c) {
		out = ""
		for (s = substr(s, 2); s != ""; s = substr(s, 2)) {
			c = substr(s, 1, 1)
			if (c == "\"")
				return out
			if (c == "\\" && index("\"\\$", substr(s, 2, 1))) {
				s = substr(s, 2)
				c = substr(s, 1, 1)
			}
			out = out c
		}
		return out
	}
	NR == 1 { sub(/^\357\273\277/, "") }
	{
		sub(/\r$/, "")
		sub(/^[ \t]*(export[ \t]+)?/, "")
		if (index($0, name "=") != 1)
			next
		value = substr($0, length(name) + 2)
		# A # begins a comment behind a blank alone.
		sub(/[ \t]+#.*/, "", value)
		sub(/^[^=]*=[ \t]*/, "")
		if (substr($0, 1, 1) == "\"")
			value = unquote($0)
		else if (substr($0, 1, 1) == "\047") {
			value = substr($0, 2)
			sub(/\047.*/, "", value)
		} else
			gsub(/^[ \t]+|[ \t]+$/, "", value)
	}
	END { print value }' "$2"
}

# setting NAME DEFAULT FILE: of the environment, else of FILE, where it is there.
setting() {
	eval "setting_is=\${$1:-}"
	[ -n "$setting_is" ] || [ ! -r "$3" ] || setting_is=$(dotenv "$1" "$3")
	printf '%s\n' "${setting_is:-$2}"
}

state_dir() {
	state_args=0
	dir=${STATE_DIR:-}
	if [ "${1:-}" = -d ]; then
		# An empty one is what a variable that is not set makes of it.
		[ -n "${2:-}" ] || usage
		dir=$2
		state_args=2
	fi
	if [ -z "$dir" ]; then
		if [ -r "$top/.env" ]; then
			dir=$(dotenv STATE_DIR "$top/.env")
		elif [ -e "$top/.env" ]; then
			echo "$me: $top/.env, which may say where the state is, cannot be read: expected -d DIR, or STATE_DIR in the environment; nothing was done" >&2
			exit 78
		fi
		if [ -z "$dir" ]; then
			dir=./state
			[ -d "$top/state" ] || [ ! -d "$top/paper" ] || dir=./paper
		fi
		case $dir in /*) ;; *) dir=$top/${dir#./} ;; esac
	fi
	case $dir in -*) dir=./$dir ;; esac
	if [ ! -d "$dir" ]; then
		echo "$me: there is no state folder $dir: expected -d DIR, or STATE_DIR in the environment or in .env; nothing was done" >&2
		exit 78
	fi
}
