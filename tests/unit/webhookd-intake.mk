test-alert_EXTRA := webhookd/alert.o webhookd/token.o
test-intake_EXTRA := webhookd/alert.o webhookd/intake.o webhookd/intake_answer.o \
    webhookd/intake_commit.o webhookd/intake_list.o webhookd/intake_rows.o \
    webhookd/token.o tests/unit/intake_fixture.o
test-intake-lost_EXTRA := $(test-intake_EXTRA)
fuzz-alert_EXTRA := webhookd/alert.o webhookd/token.o
fuzz-alert_EXTRA_LIBS := -lcrypto
