PROGS += poller
poller_OBJS := $(patsubst %.c,%.o,$(wildcard poller/*.c))
poller_LIBS := -lcurl -lcrypto -lcjson
MANUALS += poller/poller.8
