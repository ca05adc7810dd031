# What tests/replay/run runs each case with.
TEST_PROGS += replayer
replayer_OBJS := tests/replay/replayer.o
replayer_LIBS := -llmdb -lcjson
