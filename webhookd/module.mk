PROGS += webhookd
webhookd_OBJS := $(patsubst %.c,%.o,$(wildcard webhookd/*.c))
webhookd_LIBS := -levent_openssl -levent_core -lssl -lcrypto -llmdb -lcjson
MANUALS += webhookd/webhookd.8
