differ_parts := $(filter-out differ/main.o,$(patsubst %.c,%.o,$(wildcard differ/*.c)))
test-differ_EXTRA := $(differ_parts) tests/unit/differ_fixture.o
test-differ-state_EXTRA := $(test-differ_EXTRA)
test-differ-sums_EXTRA := $(differ_parts)
fuzz-differ_EXTRA := $(differ_parts)
