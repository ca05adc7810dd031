PROGS += risker
risker_OBJS := $(patsubst %.c,%.o,$(wildcard risker/*.c))
risker_LIBS := -llmdb -lcjson
MANUALS += risker/risker.8
