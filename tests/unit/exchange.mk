test-exchange_EXTRA := tests/exchange/calc.o tests/exchange/key.o \
    tests/exchange/limits.o tests/exchange/position.o tests/exchange/request.o
