trader_parts := $(filter-out trader/main.o trader/state.o trader/identity.o trader/flatten.o trader/decisions.o trader/settings.o,$(patsubst %.c,%.o,$(wildcard trader/*.c)))
test-trader_EXTRA := $(trader_parts) tests/unit/trader-fake.o
test-trader-ways_EXTRA := $(test-trader_EXTRA)
test-trader-doubt_EXTRA := $(test-trader_EXTRA)
test-trader-refusals_EXTRA := $(test-trader_EXTRA)
test-trader-closes_EXTRA := $(test-trader_EXTRA)
test-trader-legs_EXTRA := $(test-trader_EXTRA)
