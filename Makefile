# Sluice: everything is built into build/.
#
#   make                  the programs
#   make check            the tests (scripts/test also checks formats and manuals)
#   make failcalls        each program with each of its calls failing, for long
#   make bench            the measurements, as tables of ratios
#   make soak HOURS=n     the kill rig for so long (fractions; JOBS side by side, SEED)
#   make killpoints       each kill point, killed and stopped for 60 s
#   make attack           the listeners under attack: a report, after some 10
#                         minutes (scripts/setup attack has what it needs)
#   make install          the programs, manuals and texts; make uninstall
#                         removes them: PREFIX (/usr/local) and DESTDIR
#   make V=asan check     with address and undefined-behaviour sanitizers
#   make V=fuzz fuzz      the libFuzzer targets, with clang
#   make V=kill           with the named kill points of common/killpoint.h
#   make DEVELOPER=1      warnings are errors
#   make CC=clang syntax  its warnings alone, of each source
#   make VERBOSE=1        show the commands

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh
Q := $(if $(VERBOSE),,@)

PREFIX ?= /usr/local
BUILD ?= build
V ?= release
O := $(BUILD)$(if $(filter-out release,$(V)),/$(V))
VERSION := 0.1
# What programs of the same sources have in common, and no others.
STAGES := poller differ notifier webhookd risker trader
BUILD_ID := $(shell cat Makefile $(sort $(wildcard $(patsubst %,%/*.[ch],common $(STAGES)))) | sha256sum | cut -c 1-12)

ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(V)),clang,cc)
endif
AR := ar

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wstrict-prototypes \
    -Wmissing-prototypes -Wformat=2 -Wwrite-strings \
    $(if $(DEVELOPER),-Werror)
# __int128 is an extension that -Wpedantic names; common/decimal.h says
# __extension__ where it uses it.
CFLAGS_ALL := -std=c17 -D_GNU_SOURCE -I. -DSLUICE_VERSION='"$(VERSION)"' \
    -fPIE -fno-common $(WARN) $(CFLAGS)
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(LDFLAGS)

# Those of these that the compiler has (gcc on x86: all but the last;
# e2e/hardening looks at what came of it).
HARDEN = $(foreach f,-fstack-clash-protection -ftrivial-auto-var-init=zero \
    -fcf-protection=full -mbranch-protection=standard,$(shell \
    $(CC) -Werror $(f) -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(f)))
OPT.release = -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong $(HARDEN)
OPT.kill := -O1 -g -DKILL_POINTS
OPT.asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer -DKILL_POINTS
OPT.fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
    -fno-sanitize-recover=all
OPT := $(OPT.$(V))
ifeq ($(OPT),)
$(error V=$(V) is no variant: expected release, asan, kill or fuzz)
endif

PROGS :=	# installed in bin/
MANUALS :=	# installed in share/man/
TEST_PROGS :=	# built for the tests, not installed
UNIT_TESTS :=	# cmocka programs that `make check` runs
FUZZERS :=	# libFuzzer targets

include common/module.mk poller/module.mk differ/module.mk notifier/module.mk
include webhookd/module.mk risker/module.mk trader/module.mk
include tests/module.mk

define prog
$(O)/$(notdir $(1)): $$($(1)_OBJS:%=$(O)/obj/%) $(O)/libcommon.a
	@mkdir -p $$(@D)
	@echo '  LINK  $$@'
	$$(Q)$$(CC) $$(OPT) $$($(1)_LDFLAGS) $$(LDFLAGS_ALL) -o $$@ $$^ $$($(1)_LIBS)
OBJS += $$($(1)_OBJS)
endef
$(foreach p,$(PROGS) $(TEST_PROGS) $(UNIT_TESTS) $(FUZZERS),$(eval $(call prog,$(p))))

all: $(PROGS:%=$(O)/%)

# Compiled anew with each change of the sources, and linked into all programs.
$(O)/obj/common/build.o: CFLAGS_ALL += -DSLUICE_BUILD='"$(BUILD_ID)"'
ifneq ($(BUILD_ID),$(shell cat $(O)/build-id 2>/dev/null))
$(shell mkdir -p $(O) && echo $(BUILD_ID) >$(O)/build-id)
endif
$(O)/obj/common/build.o: $(O)/build-id

# Preloaded into a program, they make one of its calls fail, and look after what
# it reads of a state.  Without sanitizers: they stand before theirs.
$(O)/failcall.so: $(wildcard tests/fail/*.[ch])
$(O)/stale.so: tests/stale.c
$(O)/badread.so: tests/badread.c
$(O)/failcall.so $(O)/stale.so $(O)/badread.so:
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(CFLAGS_ALL) -O2 -g -U_FORTIFY_SOURCE -fPIC -fno-builtin -shared \
	    -o $@ $(filter %.c,$^) -ldl

tests: all $(O)/failcall.so $(O)/stale.so $(O)/badread.so $(TEST_PROGS:%=$(O)/%) $(addprefix $(O)/,$(notdir $(UNIT_TESTS)))

$(O)/libcommon.a: $(common_OBJS:%=$(O)/obj/%)
	@rm -f $@
	@echo '  AR    $@'
	$(Q)$(AR) rcs $@ $^

# With other flags it is another object.
$(O)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo '  CC    $<'
	$(Q)$(CC) $(CFLAGS_ALL) $(OPT) -MMD -MP -c -o $@ $<

# What the compiler has to say of each source, and no code.
syntax:
	$(Q)printf '%s\n' $(sort $(OBJS:.o=.c) $(common_OBJS:.o=.c)) | \
	    xargs -P "$$(nproc)" -n 16 $(CC) $(CFLAGS_ALL) -DSLUICE_BUILD='""' $(OPT) -fsyntax-only

check: tests
	O=$(O) V=$(V) tests/run

failcalls: tests
	O=$(O) V=$(V) tests/fail/run -a

bench: tests
	O=$(O) tests/bench/run

HOURS ?= 1
JOBS ?= 1
soak: tests
	O=$(O) V=$(V) tests/rig/soak -j $(JOBS) $(HOURS) $(SEED)

killpoints: tests
	$(Q)[ $(V) = asan ] || $(MAKE) --no-print-directory V=kill all
	O=$(O) V=$(V) tests/rig/killpoints

attack: tests
	O=$(O) tests/attack/run

fuzz: $(addprefix $(O)/,$(notdir $(FUZZERS)))

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man7 \
	    $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(PROGS:%=$(O)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(filter %.7,$(MANUALS)) $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 $(filter %.8,$(MANUALS)) $(DESTDIR)$(PREFIX)/share/man/man8
	install -d $(DESTDIR)$(PREFIX)/share/sluice/templates
	install -m 644 notifier/templates/*.txt $(DESTDIR)$(PREFIX)/share/sluice/templates

# What install put, and sluice's own folders where nothing else is in them.
uninstall:
	rm -f $(PROGS:%=$(DESTDIR)$(PREFIX)/bin/%) \
	    $(addprefix $(DESTDIR)$(PREFIX)/share/man/man7/,$(notdir $(filter %.7,$(MANUALS)))) \
	    $(addprefix $(DESTDIR)$(PREFIX)/share/man/man8/,$(notdir $(filter %.8,$(MANUALS))))
	rm -f $(patsubst notifier/%,$(DESTDIR)$(PREFIX)/share/sluice/%,$(wildcard notifier/templates/*.txt))
	-rmdir $(DESTDIR)$(PREFIX)/share/sluice/templates $(DESTDIR)$(PREFIX)/share/sluice

clean:
	rm -rf $(BUILD)

-include $(patsubst %.o,$(O)/obj/%.d,$(OBJS) $(common_OBJS))

.PHONY: all tests syntax check failcalls bench soak killpoints attack fuzz install uninstall clean
