test-message_EXTRA := notifier/message.o
test-roll_EXTRA := notifier/roll.o
