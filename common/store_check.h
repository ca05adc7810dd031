/*
 * store_check - may this file be mapped as a store without harm?
 *
 * The store's library trusts its file: cut short, it ends in SIGBUS, damaged
 * in a failed assertion, crafted in worse (F84).  This reads the file through
 * read(2) alone and looks whether every page in use is there and holds
 * together.  It cannot see changed bytes inside a value.
 *
 * Source: the file format of LMDB 0.9 on a 64-bit machine.
 */
#ifndef SLUICE_STORE_CHECK_H
#define SLUICE_STORE_CHECK_H

#include <stddef.h>

enum store_checked {
	STORE_CHECK_OK,
	STORE_CHECK_DAMAGED, /* err: "page 7 is no page of a table" */
	STORE_CHECK_FAILED,  /* no memory, or it cannot be read; err: why */
};

/* Nobody may write to the file meanwhile. */
enum store_checked store_check(int fd, char *err, size_t size);

#endif
