# What tests/replay/run runs each case with.
TEST_PROGS += replayer
replayer_OBJS := tests/replay/replayer.o
replayer_LIBS := -llmdb -lcjson
test-differ_EXTRA := $(filter-out differ/main.o,$(patsubst %.c,%.o,$(wildcard differ/*.c)))
fuzz-differ_EXTRA := $(test-differ_EXTRA)
