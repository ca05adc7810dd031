PROGS += notifier subscribers
notifier_OBJS := $(patsubst %.c,%.o,$(filter-out notifier/subscribers%,$(wildcard notifier/*.c)))
notifier_LIBS := -llmdb -lcurl -lcrypto -lcjson
subscribers_OBJS := $(patsubst %.c,%.o,$(wildcard notifier/subscribers*.c)) \
    notifier/bot_row.o notifier/channels.o notifier/filter.o notifier/invites.o \
    notifier/ledger.o notifier/roll.o notifier/row.o notifier/rows.o notifier/trades.o
subscribers_LIBS := -llmdb -lcrypto -lcjson
# The assembler reads these, of which the compiler knows nothing.
$(O)/obj/notifier/builtin.o: notifier/templates/ru.txt notifier/templates/en.txt
MANUALS += notifier/notifier.8 notifier/subscribers.8
