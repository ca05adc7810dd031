# The library that all programs share; what includes libcurl or libcrypto is
# linked into a program only where the program asks for it.
common_OBJS := $(patsubst %.c,%.o,$(filter-out common/statecat.c,$(wildcard common/*.c)))

PROGS += statecat
statecat_OBJS := common/statecat.o
statecat_LIBS := -llmdb -lcjson
MANUALS += common/statecat.8 common/sluice.7
