# Keeps a state.  As risker: where one of the alerts is decided, and its order
# open, before the program starts; it must count with the other.
. "$top/tests/fail/risker.sh"
decided=1
