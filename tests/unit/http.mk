test-http_EXTRA := tests/unit/http_fixture.o
test-http-once_EXTRA := tests/unit/http_fixture.o
