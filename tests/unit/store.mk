test-store_EXTRA := tests/unit/store_fixture.o
test-store-others_EXTRA := tests/unit/store_fixture.o
test-store-damage_EXTRA := tests/unit/store_fixture.o
