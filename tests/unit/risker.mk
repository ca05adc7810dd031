risker_parts := $(filter-out risker/main.o,$(patsubst %.c,%.o,$(wildcard risker/*.c)))
test-risker_EXTRA := $(risker_parts)
test-risker-rules_EXTRA := $(risker_parts)
test-risker-size_EXTRA := $(risker_parts)
test-book_EXTRA := risker/book.o $(filter-out differ/main.o,$(patsubst %.c,%.o,$(wildcard differ/*.c)))

# What tests/replay/run puts rows with.
TEST_PROGS += rows
rows_OBJS := tests/replay/rows.o
rows_LIBS := -llmdb -lcjson
