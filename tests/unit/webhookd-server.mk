webhookd_listener := webhookd/address.o webhookd/connection.o webhookd/gate.o \
    webhookd/guesses.o webhookd/request.o webhookd/server.o webhookd/tls.o
webhookd_listener_LIBS := -levent_openssl -levent_core -lssl

# The listener without the rest of webhookd, for tests over the wire.
TEST_PROGS += listener
listener_OBJS := tests/listener.o $(webhookd_listener)
listener_LIBS := $(webhookd_listener_LIBS) -lcrypto -lcjson -lmd
test-address_EXTRA := webhookd/address.o
test-gate_EXTRA := webhookd/gate.o
test-guesses_EXTRA := webhookd/address.o webhookd/guesses.o
test-server_EXTRA := $(webhookd_listener) tests/unit/server_fixture.o
test-server_EXTRA_LIBS := $(webhookd_listener_LIBS)
test-server-ends_EXTRA := $(test-server_EXTRA)
test-server-ends_EXTRA_LIBS := $(webhookd_listener_LIBS)
test-tls_EXTRA := $(webhookd_listener)
test-tls_EXTRA_LIBS := $(webhookd_listener_LIBS)
fuzz-server_EXTRA := webhookd/address.o webhookd/gate.o
fuzz-door_EXTRA := $(webhookd_listener)
fuzz-door_EXTRA_LIBS := $(webhookd_listener_LIBS) -lcrypto
