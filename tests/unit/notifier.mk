templates := notifier/builtin.o notifier/clean.o \
    $(patsubst %.c,%.o,$(wildcard notifier/templates*.c))
test-templates_EXTRA := $(templates)
test-message_EXTRA := notifier/message.o $(templates)
test-filter_EXTRA := notifier/filter.o
test-ledger_EXTRA := notifier/channels.o notifier/filter.o \
    notifier/ledger.o notifier/roll.o notifier/row.o
test-roll_EXTRA := notifier/channels.o notifier/filter.o \
    notifier/ledger.o notifier/roll.o notifier/row.o
test-notifier_EXTRA := $(filter-out notifier/main.o,$(notifier_OBJS)) \
    tests/unit/notifier_fixture.o
test-outage_EXTRA := $(test-notifier_EXTRA)
test-notifier-waits_EXTRA := $(test-notifier_EXTRA)
test-notifier-forget_EXTRA := $(test-notifier_EXTRA)
test-notifier-faults_EXTRA := $(test-notifier_EXTRA)
test-rows_EXTRA := $(test-notifier_EXTRA)
test-commands_EXTRA := $(test-notifier_EXTRA)
test-said_EXTRA := notifier/said.o
test-throttle_EXTRA := notifier/throttle.o
test-way_EXTRA := notifier/queue.o notifier/rate.o notifier/way.o
test-parts_EXTRA := notifier/parts.o
test-rate_EXTRA := notifier/rate.o
test-hook_EXTRA := $(filter-out notifier/main.o,$(notifier_OBJS))
test-telegram_EXTRA := $(filter-out notifier/main.o,$(notifier_OBJS))
fuzz-templates_EXTRA := $(templates)
