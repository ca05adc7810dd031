#!/bin/sh
# make install: programs and manuals land under DESTDIR and PREFIX, and what
# was installed runs; make uninstall removes that and nothing else.
. "$(dirname "$0")/../lib.sh"
requires make cc
[ "$B" = "$top/build" ] || skip "one build is enough"

make -C "$top" -s install DESTDIR="$T/root" PREFIX=/opt >make.log 2>&1 || fail "make install failed"
for program in poller differ notifier webhookd risker trader subscribers statecat; do
	"root/opt/bin/$program" -V | grep -q "^$program [0-9]" || fail "$program -V says nothing of use"
	"root/opt/bin/$program" -h | grep -q "^usage: $program" || fail "$program -h shows no usage"
	[ -s "root/opt/share/man/man8/$program.8" ] || fail "$program has no manual"
done
for lang in ru en; do
	cmp "$top/notifier/templates/$lang.txt" "root/opt/share/sluice/templates/$lang.txt" || fail "$lang.txt is missing"
done
[ -s root/opt/share/man/man7/sluice.7 ] || fail "sluice(7) is missing"

: >root/opt/bin/other
make -C "$top" -s uninstall DESTDIR="$T/root" PREFIX=/opt >make.log 2>&1 || fail "make uninstall failed"
[ "$(find root ! -type d)" = root/opt/bin/other ] || fail "make uninstall left $(find root ! -type d)"
[ ! -e root/opt/share/sluice ] || fail "make uninstall left an empty folder"
