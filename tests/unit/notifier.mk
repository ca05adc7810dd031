test-message_EXTRA := notifier/message.o
test-roll_EXTRA := notifier/roll.o
test-notifier_EXTRA := notifier/dispatch.o notifier/message.o notifier/notifier.o \
    notifier/prune.o notifier/queue.o notifier/roll.o notifier/rows.o notifier/telegram.o
