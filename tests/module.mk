# The stand-in exchange, a unit test a module (tests/unit/test-X.c) and a fuzz
# target a parser (tests/fuzz/fuzz-X.c).
TEST_PROGS += exchange
exchange_OBJS := $(patsubst %.c,%.o,$(wildcard tests/exchange/*.c))
exchange_LIBS := -levent_openssl -levent_core -levent_extra -lssl -lcrypto -lcjson

# Decisions without risker, for tests of trader alone.
TEST_PROGS += decide
decide_OBJS := tests/decide.o
decide_LIBS := -llmdb -lcjson

# A test may say what it links with beside the library: test-X_EXTRA objects,
# test-X_EXTRA_LIBS.
include $(wildcard tests/unit/*.mk)
unit := $(patsubst %.c,%,$(wildcard tests/unit/test-*.c))
UNIT_TESTS += $(unit)
$(foreach t,$(unit),$(eval $(t)_OBJS := $(t).o tests/unit/scratch.o $($(notdir $(t))_EXTRA)))
$(foreach t,$(unit),$(eval $(t)_LIBS := -lcmocka -llmdb -lcurl -lcrypto -lcjson -lmd $($(notdir $(t))_EXTRA_LIBS)))

fuzzers := $(patsubst %.c,%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZERS += $(fuzzers)
include $(wildcard tests/fuzz/*.mk)
$(foreach t,$(fuzzers),$(eval $(t)_OBJS := $(t).o $($(notdir $(t))_EXTRA)))
$(foreach t,$(fuzzers),$(eval $(t)_LIBS := -llmdb -lcjson -lmd $($(notdir $(t))_EXTRA_LIBS)))
$(foreach t,$(fuzzers),$(eval $(t)_LDFLAGS := $(if $(filter fuzz,$(V)),-fsanitize=fuzzer)))

# What `make bench` measures with.
BENCH_PROGS := genlines floor measure venue alerts fanout sends
TEST_PROGS += $(BENCH_PROGS)
$(foreach b,$(BENCH_PROGS),$(eval $(b)_OBJS := tests/bench/$(b).o))
fanout_OBJS += $(filter-out notifier/main.o,$(notifier_OBJS))
fanout_LIBS := -llmdb -lcurl -lcrypto -lcjson
sends_LIBS := -lcurl -lcjson
floor_LIBS := -llmdb -lcjson
venue_LIBS := -lssl -lcrypto -lcjson -lpthread
alerts_LIBS := -lcurl -lcrypto -lcjson
