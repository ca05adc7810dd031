#include "common/store_check.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mdb_page: number, padding, flags, then two bounds or a count of pages. */
#define PAGE_FLAGS 10
#define PAGE_LOWER 12
#define PAGE_UPPER 14
#define PAGE_COUNT 12
#define PAGE_HEADER 16
#define FLAG_BRANCH 0x01
#define FLAG_LEAF 0x02
#define FLAG_OVERFLOW 0x04
#define FLAG_META 0x08

/* mdb_meta, behind the page's header. */
#define META_MAGIC 16
#define META_VERSION 20
#define META_FREE_DB 40
#define META_MAIN_DB 88
#define META_LAST_PAGE 136
#define META_TXN 144
#define META_SIZE 152
#define MAGIC 0xBEEFC0DEu
#define VERSION 1u

/* mdb_db: of a table; the page size stands in the first one's padding. */
#define DB_PAGE_SIZE 0
#define DB_FLAGS 4
#define DB_DEPTH 6
#define DB_ROOT 40
#define DB_SIZE 48
#define DB_DUPSORT 0x04
#define DB_DEPTH_MAX 32
#define NO_PAGE UINT64_MAX

/* mdb_node: in a page, an entry. */
#define NODE_FLAGS 4
#define NODE_KEY_SIZE 6
#define NODE_DATA 8
#define NODE_BIG 0x01
#define NODE_TABLE 0x02
#define NODE_DUPLICATES 0x04
#define KEY_SIZE_MAX 511

/*
 * Files over this are looked at as a whole only if they are shorter than they
 * say, so that a start stays quick.
 */
#define WHOLE_SIZE_MAX (64u << 20)

struct check {
	int fd;
	size_t page_size;
	uint64_t pages; /* whole ones that the file has */
	uint64_t last;	/* the last page in use, as the file says */
	uint64_t left;	/* pages that may still be met: ends a circle */
	int failed;	/* a call did, and not the file */
	char *err;
	size_t size;
};

static uint16_t
get16(const unsigned char *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static uint32_t
get32(const unsigned char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static uint64_t
get64(const unsigned char *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static int
bad(struct check *c, uint64_t page, const char *what)
{
	(void)snprintf(
	    c->err, c->size, "page %llu %s", (unsigned long long)page, what);
	return -1;
}

static int
failed(struct check *c)
{
	c->failed = 1;
	(void)snprintf(c->err, c->size, "%s", strerror(errno));
	return -1;
}

static int
read_at(struct check *c, unsigned char *p, size_t n, uint64_t offset)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = pread(c->fd, p + len, n - len, (off_t)(offset + len));
		if (got > 0)
			len += (size_t)got;
	} while ((got == -1 && errno == EINTR) || (got > 0 && len < n));
	if (got == -1)
		return failed(c);
	if (len != n) {
		(void)snprintf(c->err, c->size, "is cut short");
		return -1;
	}
	return 0;
}

static int
read_page(struct check *c, uint64_t page, unsigned char *p)
{
	if (page > c->last || page < 2)
		return bad(c, page, "is out of bounds");
	if (page >= c->pages)
		return bad(c, page, "is missing: the file is cut short");
	if (c->left == 0)
		return bad(c, page, "is used twice");
	c->left--;
	if (read_at(c, p, c->page_size, page * c->page_size) == -1)
		return -1;
	if (get64(p) != page)
		return bad(c, page, "is not what should be there");
	return 0;
}

/* The pages of a value too large for a leaf. */
static int
check_overflow(struct check *c, uint64_t page, size_t value_size)
{
	unsigned char header[PAGE_HEADER];
	uint64_t count;

	if (page > c->last || page < 2)
		return bad(c, page, "is out of bounds");
	if (page >= c->pages)
		return bad(c, page, "is missing: the file is cut short");
	if (read_at(c, header, sizeof(header), page * c->page_size) == -1)
		return -1;
	count = get32(header + PAGE_COUNT);
	if (get64(header) != page ||
	    get16(header + PAGE_FLAGS) != FLAG_OVERFLOW)
		return bad(c, page, "is not the large value that it should be");
	if (count == 0 || count > c->left || page + count - 1 > c->last ||
	    count * c->page_size < value_size + PAGE_HEADER)
		return bad(c, page, "holds a large value of the wrong size");
	if (page + count > c->pages)
		return bad(c, page, "is missing: the file is cut short");
	c->left -= count;
	return 0;
}

static int check_table(struct check *c, const unsigned char *db, int nested);

static int
check_leaf_node(struct check *c, uint64_t page, const unsigned char *node,
    size_t room, int nested)
{
	size_t key = get16(node + NODE_KEY_SIZE);
	size_t data = get32(node); /* two halves, the lower one first */
	unsigned flags = get16(node + NODE_FLAGS);
	const unsigned char *value = node + NODE_DATA + key;
	size_t here = flags & NODE_BIG ? sizeof(uint64_t) : data;

	if (flags & ~(unsigned)(NODE_BIG | NODE_TABLE) || key == 0 ||
	    key > KEY_SIZE_MAX || NODE_DATA + key > room ||
	    here > room - NODE_DATA - key)
		return bad(c, page, "holds an entry that does not fit");
	if (flags & NODE_BIG)
		return check_overflow(c, get64(value), data);
	if (flags & NODE_TABLE) {
		if (nested || data != DB_SIZE)
			return bad(c, page, "holds a table where none may be");
		return check_table(c, value, 1);
	}
	return 0;
}

static int
check_tree(struct check *c, uint64_t page, unsigned depth, int nested)
{
	unsigned flags, i, lower, nodes, offset, upper;
	unsigned char *p;
	uint64_t child;
	int rc = -1;

	p = malloc(c->page_size);
	if (p == NULL)
		return failed(c);
	if (read_page(c, page, p) == -1)
		goto out;
	flags = get16(p + PAGE_FLAGS);
	lower = get16(p + PAGE_LOWER);
	upper = get16(p + PAGE_UPPER);
	if (flags != (depth > 1 ? FLAG_BRANCH : FLAG_LEAF)) {
		bad(c, page, "is not a page of a table");
		goto out;
	}
	if (lower < PAGE_HEADER || lower > upper || upper > c->page_size ||
	    lower % 2 != 0 || lower == PAGE_HEADER) {
		bad(c, page, "has no sensible bounds");
		goto out;
	}
	nodes = (lower - PAGE_HEADER) / 2;
	for (i = 0; i < nodes; i++) {
		offset = get16(p + PAGE_HEADER + 2 * (size_t)i);
		if (offset < upper || offset + NODE_DATA > c->page_size) {
			bad(c, page, "has an entry out of bounds");
			goto out;
		}
		if (depth == 1) {
			if (check_leaf_node(c, page, p + offset,
				c->page_size - offset, nested) == -1)
				goto out;
			continue;
		}
		if (offset + NODE_DATA + get16(p + offset + NODE_KEY_SIZE) >
		    c->page_size) {
			bad(c, page, "has an entry that does not fit");
			goto out;
		}
		child = get32(p + offset) |
		    (uint64_t)get16(p + offset + NODE_FLAGS) << 32;
		if (check_tree(c, child, depth - 1, nested) == -1)
			goto out;
	}
	rc = 0;
out:
	free(p);
	return rc;
}

static int
check_table(struct check *c, const unsigned char *db, int nested)
{
	uint64_t root = get64(db + DB_ROOT);
	unsigned depth = get16(db + DB_DEPTH);

	if (get16(db + DB_FLAGS) & DB_DUPSORT) {
		(void)snprintf(
		    c->err, c->size, "holds a table of another program");
		return -1;
	}
	if (root == NO_PAGE)
		return 0;
	if (depth == 0 || depth > DB_DEPTH_MAX)
		return bad(c, root, "is the root of a table without a depth");
	return check_tree(c, root, depth, nested);
}

static int
check_meta(struct check *c, const unsigned char *p)
{
	if (get32(p + META_MAGIC) != MAGIC ||
	    !(get16(p + PAGE_FLAGS) & FLAG_META)) {
		(void)snprintf(
		    c->err, c->size, "is not a store, or is damaged");
		return -1;
	}
	if (get32(p + META_VERSION) != VERSION) {
		(void)snprintf(c->err, c->size, "has format %lu, expected %u",
		    (unsigned long)get32(p + META_VERSION), VERSION);
		return -1;
	}
	return 0;
}

static int
check_file(struct check *c)
{
	unsigned char meta[2][META_SIZE];
	const unsigned char *m;
	uint64_t bytes;
	struct stat st;

	if (fstat(c->fd, &st) == -1)
		return failed(c);
	bytes = (uint64_t)st.st_size;
	if (bytes == 0) {
		(void)snprintf(c->err, c->size, "is empty");
		return -1;
	}
	if (read_at(c, meta[0], META_SIZE, 0) == -1 ||
	    check_meta(c, meta[0]) == -1)
		return -1;
	c->page_size = get32(meta[0] + META_FREE_DB + DB_PAGE_SIZE);
	if (c->page_size < 512 || c->page_size > 65536 ||
	    (c->page_size & (c->page_size - 1)) != 0) {
		(void)snprintf(
		    c->err, c->size, "has pages of %zu bytes", c->page_size);
		return -1;
	}
	if (read_at(c, meta[1], META_SIZE, c->page_size) == -1 ||
	    check_meta(c, meta[1]) == -1)
		return -1;
	m = meta[get64(meta[1] + META_TXN) > get64(meta[0] + META_TXN)];

	c->pages = bytes / c->page_size;
	c->last = get64(m + META_LAST_PAGE);
	c->left = c->last;
	/* Pages that were given back before they were written may be absent. */
	if (c->last < c->pages && bytes > WHOLE_SIZE_MAX)
		return 0;
	if (check_table(c, m + META_FREE_DB, 1) == -1)
		return -1;
	return check_table(c, m + META_MAIN_DB, 0);
}

enum store_checked
store_check(int fd, char *err, size_t size)
{
	struct check c = { .fd = fd, .err = err, .size = size };

	if (check_file(&c) == 0)
		return STORE_CHECK_OK;
	return c.failed ? STORE_CHECK_FAILED : STORE_CHECK_DAMAGED;
}
