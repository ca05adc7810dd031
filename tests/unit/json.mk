test-json_EXTRA := tests/unit/json_fixture.o
test-json-values_EXTRA := $(test-json_EXTRA)
