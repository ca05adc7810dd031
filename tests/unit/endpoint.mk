test-endpoint_EXTRA := tests/unit/endpoint_fixture.o
test-endpoint-input_EXTRA := tests/unit/endpoint_fixture.o
test-endpoint-output_EXTRA := tests/unit/endpoint_fixture.o
