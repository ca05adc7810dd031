test-trader_EXTRA := $(filter-out trader/main.o trader/flatten.o trader/decisions.o trader/settings.o,$(patsubst %.c,%.o,$(wildcard trader/*.c)))
test-trader-ways_EXTRA := $(test-trader_EXTRA) tests/unit/trader-fake.o
