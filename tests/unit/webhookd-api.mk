webhookd_api := $(addprefix webhookd/,api.o dashboard.o halt_api.o manual.o \
    metrics.o orders.o outcome.o signals.o states.o status.o token.o) tests/unit/api-fake.o
test-api_EXTRA := $(webhookd_api)
test-api_EXTRA_LIBS := -levent_core
test-api-states_EXTRA := $(webhookd_api)
test-api-states_EXTRA_LIBS := -levent_core
