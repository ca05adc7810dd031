/*
 * store_files - the folder, the files and the locks under a store.
 *
 * STATE_DIR/<stage>.lock   who owns the environment, for life
 * STATE_DIR/<stage>.mdb    the data; locks on bytes far behind its end tell
 *                          who has it open and who writes
 * STATE_DIR/<stage>.mdb-lock   of the library: nothing here opens it
 *
 * The locks on the data outlive a lock file that somebody deletes (F15).
 */
#ifndef SLUICE_STORE_FILES_H
#define SLUICE_STORE_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "common/store.h"

#define STORE_PATH_MAX 1024

struct store_files {
	char data[STORE_PATH_MAX];
	char new_data[STORE_PATH_MAX]; /* while it is made */
	char lock[STORE_PATH_MAX];     /* the library's */
	char owner[STORE_PATH_MAX];
	enum store_mode mode;
	mode_t data_mode; /* 0600, or 0640 where stages have their own users */
	mode_t lock_mode;
	int fd;	      /* of the data, kept for the locks; -1 */
	int owner_fd; /* -1 */
	int alone;    /* nobody else had it open when we came */
	ino_t data_ino, lock_ino;
	dev_t dev;
};

/*
 * Look at the folder, make it if we may, take the owner's lock (STORE_OWN).
 * All of these: STORE_OK, or another with a message in err.
 */
enum store_error store_files_init(struct store_files *f, const char *dir,
    const char *stage, enum store_mode mode, char *err, size_t size);

/* 1 where the data file is there. */
int store_files_exist(const struct store_files *f);

/*
 * The right to make the data file: STORE_SHARED waits for it here, or until
 * somebody else has made it.
 */
enum store_error store_files_lock_new(
    struct store_files *f, char *err, size_t size);
void store_files_unlock_new(struct store_files *f);

/* The data file was made under new_data: put it in its place. */
enum store_error store_files_publish(
    const struct store_files *f, char *err, size_t size);

/* Open the data file and take its locks; sets fd and alone. */
enum store_error store_files_attach(
    struct store_files *f, char *err, size_t size);

/* Still alone?  Where not, a check of the file means nothing. */
int store_files_alone(const struct store_files *f);

/* 1 while the owner has the file open, this process or another. */
int store_files_owned(const struct store_files *f);

/*
 * Let others in: they wait while somebody who may write is alone.  0; or -1
 * with errno: they would wait for ever.
 */
int store_files_admit(struct store_files *f);

/* 1 where the disk under the data is full. */
int store_files_disk_full(const struct store_files *f);

/* Remember which lock file the library uses, to see it replaced. */
int store_files_settle(struct store_files *f);

/*
 * 1 while data and lock file at their paths are those that we have open; 0
 * where they are not; -1 with errno where that cannot be seen.
 */
int store_files_same(const struct store_files *f);

/*
 * The right to write, for one transaction.  The library's own lock waits for
 * ever for a stopped holder; this one for five seconds, then it is STORE_BUSY
 * with the holder's pid (F75).
 */
enum store_error store_files_lock_write(
    struct store_files *f, char *err, size_t size);
void store_files_unlock_write(struct store_files *f);

void store_files_release(struct store_files *f);

#endif
