# libmd, not libcrypto, for the one SHA-256 of the journal's name: libcrypto
# would double the start-up time and the memory of a filter without sockets.
PROGS += differ
differ_OBJS := $(patsubst %.c,%.o,$(wildcard differ/*.c))
differ_LIBS := -llmdb -lcjson -lmd
MANUALS += differ/differ.8
