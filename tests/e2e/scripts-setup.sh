#!/bin/sh
# scripts/setup on machines that lack packages, played by stand-ins for dpkg,
# apt, id and sudo: it names what is missing, uses sudo when not root, fetches
# the lists only where they are needed, and says one clear line where it cannot
# go on, as with a libevent that has known holes (F40).  Not tested: apt itself.
. "$(dirname "$0")/../lib.sh"

mkdir bin
requires dpkg
for program in sh mktemp rm tail dirname dpkg; do
	ln -s "$(command -v "$program")" bin/
done
cat >bin/dpkg-query <<'END'
#!/bin/sh
for package; do :; done
case $* in
*Version*) printf '%s' "${LIBEVENT-2.1.12-stable-8+deb12u1}"; exit ;;
esac
case $package in
libmd-dev) exit 1 ;;
jq) printf 'not-installed ' ;;
libc6-dev) printf 'installed not-installed ' ;; # of two architectures
*) printf 'installed ' ;;
esac
END
cat >bin/apt-get <<'END'
#!/bin/sh
echo "apt-get $*" >>"$CALLS"
[ "$1" != install ] || [ ! -e "$CALLS.broken" ]
END
cat >bin/id <<'END'
#!/bin/sh
echo "${UID_IS:-0}"
END
chmod +x bin/dpkg-query bin/apt-get bin/id
export CALLS="$T/calls"

PATH=$T/bin "$top/scripts/setup" 2>err || fail "setup failed: $(cat err)"
grep -q 'installing libmd-dev jq$' err || fail "it does not say what is missing: $(cat err)"
grep -q '^apt-get install .*libmd-dev jq$' calls || fail "apt-get was not asked: $(cat calls)"
[ "$(wc -l <calls)" -eq 1 ] || fail "the lists were fetched without need"

UID_IS=1000 PATH=$T/bin "$top/scripts/setup" 2>err && fail "it went on without root or sudo"
grep -q 'as root, run: apt-get install libmd-dev jq' err || fail "no clear line: $(cat err)"

sed -i 's/^jq)/jq | strace | wrk)/' bin/dpkg-query
for words in ' libmd-dev jq' 'test libmd-dev jq strace' 'attack libmd-dev jq strace wrk'; do
	PATH=$T/bin "$top/scripts/setup" ${words%%libmd*} 2>err || fail "setup failed: $(cat err)"
	grep -q "installing libmd-${words#*libmd-}\$" err || fail "$words: $(cat err)"
done
sed -i 's/^jq | strace | wrk)/jq)/' bin/dpkg-query

cat >bin/sudo <<'END'
#!/bin/sh
echo sudo >>"$CALLS"
exec "$@"
END
chmod +x bin/sudo
: >calls
UID_IS=1000 PATH=$T/bin "$top/scripts/setup" 2>err || fail "setup failed with sudo: $(cat err)"
grep -q '^sudo$' calls || fail "sudo was not used"

: >calls.broken
status=0
PATH=$T/bin "$top/scripts/setup" 2>err || status=$?
[ "$status" -eq 69 ] || fail "a failing apt-get gave $status"
grep -q 'unable to install libmd-dev jq' err || fail "no clear line: $(cat err)"

rm calls.broken
# F40: Debian 12's first libevent is as good as none, and 2.1.13 is fine.
: >calls
status=0
LIBEVENT=2.1.12-stable-8 PATH=$T/bin "$top/scripts/setup" 2>err || status=$?
[ "$status" -eq 69 ] || fail "an old libevent gave $status"
grep -q 'libevent-dev 2.1.12-stable-8 has known holes' err || fail "no clear line: $(cat err)"
grep -q '^apt-get install .*libevent-dev$' calls || fail "a later libevent was not asked for"
LIBEVENT=2.1.13-1 PATH=$T/bin "$top/scripts/setup" 2>err || fail "2.1.13 is refused: $(cat err)"

rm bin/dpkg-query
PATH=$T/bin "$top/scripts/setup" 2>err && fail "it went on without dpkg"
grep -q 'no Debian system' err || fail "no clear line: $(cat err)"
