#!/bin/sh
# F40: the libevent that is installed is none of those with known holes.  Its
# own version says 2.1.12 with and without them; Debian's package tells.
. "$(dirname "$0")/../lib.sh"
requires dpkg dpkg-query ldd

library=$(ldd "$B/listener" | sed -n 's/.*=> \(.*libevent_core[^ ]*\).*/\1/p')
[ -n "$library" ] || fail "the listener does not link libevent_core"
package=$(dpkg-query -S "$(readlink -f "$library")" 2>/dev/null | sed 's/: .*//') ||
    skip "$library is of no package"
[ -n "$package" ] || skip "$library is of no package"
version=$(dpkg-query -W -f='${Version}' "$package")
dpkg --compare-versions "$version" ge 2.1.12-stable-8+deb12u1 ||
    fail "$package is $version: 2.1.12-stable-8+deb12u1 or later is needed"
