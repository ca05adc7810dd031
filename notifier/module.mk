PROGS += notifier subscribers
notifier_OBJS := $(patsubst %.c,%.o,$(filter-out notifier/subscribers.c,$(wildcard notifier/*.c)))
notifier_LIBS := -llmdb -lcurl -lcrypto -lcjson
subscribers_OBJS := notifier/subscribers.o notifier/roll.o
subscribers_LIBS := -llmdb -lcjson
MANUALS += notifier/notifier.8 notifier/subscribers.8
