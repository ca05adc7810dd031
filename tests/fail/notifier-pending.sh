# Keeps a state.  As notifier: where the messages are pending before it starts.
. "$top/tests/fail/notifier.sh"
pending=1
