#!/bin/sh
# Alerts are answered and traded in time while webhookd's listeners are
# attacked, plain and with TLS (F36 to F48), and nothing else is traded.  `make
# attack` has more of it, for longer, and with the tools that attackers use.
# Not tested here: which answer each malformed request gets (unit/test-gate,
# unit/test-server, unit/test-alert).
. "$(dirname "$0")/../lib.sh"
. "$top/tests/trading.sh"
. "$top/tests/attack/attack.sh"

SECONDS_EACH=1

besieged
hostile slow-headers 600 40
hostile large 300 300
hostile guesses 100 10
hostile smuggled 60 30
PORT=${ADMIN_LISTEN#*:}
hostile rebinding 20 20
relieved

besieged tls
hostile slow-hello 400 400
hostile hellos 100 50
hostile smuggled 60 30 tls
hostile guesses 100 10 tls
relieved
