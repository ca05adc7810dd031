# What the tests of notifier's commands share.  Sourced, after lib.sh and
# tests/notifier.sh.

# tell USER TEXT [MEMBERS]: somebody writes to the bot; more members as
# ,"name":value.
tell() {
	control update "{\"from\":$1,\"text\":\"$2\"${3:-}}"
}

# answers CHAT: what the bot said there, a line each, with | for the ends of
# lines.
answers() {
	jq -r "select(.delivered and .chat_id == \"$1\" and (.text | test(\"Trade #|Сделка №\") | not)) |
	    .text | gsub(\"\\n\"; \"|\")" "$JOURNAL"
}
answered() {
	[ "$(answers "$1" | wc -l)" -ge "$2" ]
}

# ask CHAT TEXT [MEMBERS]: tell, and wait for one more answer, which is printed.
ask() {
	ask_n=$(($(answers "$1" | wc -l) + 1))
	tell "$@"
	wait_for 8 answered "$1" "$ask_n"
	answers "$1" | tail -n 1
}
# says CHAT TEXT ANSWER [MEMBERS]
says() {
	says_got=$(ask "$1" "$2" "${4:-}") || exit 1
	[ "$says_got" = "$3" ] || fail "$1 said '$2' and was told '$says_got', not '$3'"
}

# polls: how often the bot has polled; offset: of the last time.
polls() {
	jq -c 'select(.path | endswith("/getUpdates"))' "$JOURNAL" | wc -l
}
offset() {
	jq -r 'select(.path | endswith("/getUpdates")) | .body | fromjson | .offset // 0' "$JOURNAL" | tail -n 1
}
offset_is() {
	[ "$(offset)" -eq "$1" ]
}

# invite [OPTION...]: a code.
invite() {
	"$B/subscribers" invite "$@" | jq -r .code
}
# who ID EXPRESSION: of a subscriber's row.
who() {
	"$B/subscribers" show "$1" | jq -r "$2"
}
