#!/bin/sh
# What is installed is hardened: looked for in the programs, not in what the
# Makefile asks for.  Position-independent, all relocations read-only and bound
# at start, no executable stack or segment that can be written, no search path;
# stack protector and checked string functions in use; each of our objects with
# the options that this compiler has.
#
# Not tested: that the options do what they promise; the libraries, which are
# Debian's.
. "$(dirname "$0")/../lib.sh"
requires make cc readelf
[ "$B" = "$top/build" ] || skip "one build is enough"

make -C "$top" -s install DESTDIR="$T/root" PREFIX=/opt >make.log 2>&1 || fail "make install failed"
# has_option OPTION: the compiler knows it.
has_option() {
	cc -Werror "$1" -x c -c -o /dev/null /dev/null 2>/dev/null
}
options=-fstack-protector-strong
for option in -fstack-clash-protection -ftrivial-auto-var-init=zero -fcf-protection=full -mbranch-protection=standard; do
	! has_option $option || options="$options $option"
done
say "options: $options"

programs=0
for program in root/opt/bin/*; do
	of=${program##*/}
	programs=$((programs + 1))
	readelf -W -h -l -d "$program" >elf
	grep -q 'Type: *DYN' elf && grep -q 'FLAGS_1.* PIE' elf || fail "$of is not position-independent"
	grep -q 'GNU_RELRO' elf && grep -q 'FLAGS.*BIND_NOW' elf || fail "$of has no full RELRO"
	grep -q 'GNU_STACK.* RW  ' elf || fail "$of has an executable stack"
	! grep -q '\bRWE\b' elf || fail "$of has a segment to write and to run"
	! grep -Eq 'TEXTREL|RPATH|RUNPATH' elf || fail "$of has relocations of code, or a search path"
	readelf -W --dyn-syms "$program" >symbols
	grep -q '__stack_chk_fail' symbols || fail "$of has no stack protector"
	grep -q '__[a-z]*printf_chk' symbols || fail "$of does not check its string functions"
	# What each of our objects was made with; gcc tells, clang does not.
	readelf --debug-dump=info "$program" 2>/dev/null | grep -E 'DW_AT_producer|\(DW_TAG_compile_unit\)' >units
	[ -s units ] || fail "$of has no debug information"
	grep 'DW_AT_producer' units | grep -q 'GNU C' || continue
	for option in $options; do
		! grep 'DW_AT_producer' units | grep -qv -e "$option" || fail "$of: an object is made without $option"
	done
done
[ "$programs" -ge 8 ] || fail "$programs programs are installed"
