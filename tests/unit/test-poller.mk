poller_work := poller/key.o poller/market.o poller/opts.o poller/pages.o \
    poller/poller.o poller/records.o poller/rows.o poller/schedule.o \
    poller/scope.o tests/unit/poller-fake.o
test-poller_EXTRA := $(poller_work)
test-poller-cycle_EXTRA := $(poller_work)
