PROGS += trader
trader_OBJS := $(patsubst %.c,%.o,$(wildcard trader/*.c))
trader_LIBS := -lcurl -lcrypto -lcjson -llmdb
MANUALS += trader/trader.8
