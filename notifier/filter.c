#include "notifier/filter.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"

#define SYMBOL_MAX 40
#define ACCOUNT_MAX 64

static int
is_symbol(const char *s, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	return len <= SYMBOL_MAX && strspn(s, letters) >= len;
}

/* As the setting ACCOUNT; a comma would be two words on a command line. */
static int
is_account(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || s[i] == ',')
			return 0;
	return len <= ACCOUNT_MAX;
}

/* Whether a word stands in a list of words with a blank behind each. */
static int
has(const char *list, const char *word, size_t len)
{
	while (*list != '\0') {
		if (strncmp(list, word, len) == 0 && list[len] == ' ')
			return 1;
		list += strcspn(list, " ") + 1;
	}
	return 0;
}

static int
is_category(const char *s, size_t len)
{
	return has("linear inverse spot ", s, len);
}

static int
is_action(const char *s, size_t len)
{
	return has("OPEN INCREASE PARTIAL_CLOSE CLOSE ", s, len);
}

static const struct list {
	const char *name;
	size_t at, size;
	int (*word_ok)(const char *s, size_t len);
	const char *expected;
} lists[] = {
	{ "symbols", offsetof(struct filter, symbols),
	    sizeof(((struct filter *)0)->symbols), is_symbol,
	    "a symbol, as BTCUSDT" },
	{ "categories", offsetof(struct filter, categories),
	    sizeof(((struct filter *)0)->categories), is_category,
	    "linear, inverse or spot" },
	{ "accounts", offsetof(struct filter, accounts),
	    sizeof(((struct filter *)0)->accounts), is_account,
	    "the name of an account, 1 to 64 characters" },
	{ "actions", offsetof(struct filter, actions),
	    sizeof(((struct filter *)0)->actions), is_action,
	    "OPEN, INCREASE, PARTIAL_CLOSE or CLOSE" },
};
#define NLISTS (sizeof(lists) / sizeof(lists[0]))

static const struct list *
find(const char *name)
{
	for (size_t i = 0; i < NLISTS; i++)
		if (strcmp(lists[i].name, name) == 0)
			return &lists[i];
	return NULL;
}

int
filter_is(const char *name)
{
	return find(name) != NULL;
}

/* A list while its words come in. */
struct words {
	const struct list *list;
	char text[FILTER_SIZE];
	size_t len;
	char *err;
	size_t size;
};

static int
add_word(struct words *w, const char *s, size_t len)
{
	const char *why = NULL;

	if (len == 0 || memchr(s, ' ', len) != NULL ||
	    !w->list->word_ok(s, len))
		why = w->list->expected;
	else if (has(w->text, s, len))
		why = "each word once";
	else if (w->len + len + 2 > w->list->size)
		why = "fewer words: the list is too long";
	if (why != NULL) {
		(void)snprintf(w->err, w->size, "%s '%.*s': expected %s",
		    w->list->name, len > 80 ? 80 : (int)len, s, why);
		return -1;
	}
	memcpy(w->text + w->len, s, len);
	w->len += len;
	memcpy(w->text + w->len, " ", 2);
	w->len++;
	return 0;
}

/* Without the OPEN of a trade nothing of it is told. */
static int
take_words(struct filter *f, const struct words *w)
{
	if (w->list->word_ok == is_action && w->len > 0 &&
	    !has(w->text, "OPEN", strlen("OPEN"))) {
		(void)snprintf(w->err, w->size,
		    "%s '%.*s': expected OPEN among them: who does not get it "
		    "gets nothing of a trade",
		    w->list->name, (int)w->len - 1, w->text);
		return -1;
	}
	memcpy((char *)f + w->list->at, w->text, w->len + 1);
	return 0;
}

int
filter_set(struct filter *f, const char *name, const char *text, char *err,
    size_t size)
{
	struct words w = { .list = find(name), .err = err, .size = size };
	size_t len;

	while (*text != '\0') {
		len = strcspn(text, ",");
		if (add_word(&w, text, len) == -1)
			return -1;
		text += len;
		/* A comma at the end is a word that is empty. */
		if (strcmp(text, ",") == 0)
			return add_word(&w, "", 0);
		text += *text == ',';
	}
	return take_words(f, &w);
}

int
filter_read(struct filter *f, const char *name, const struct json *v, char *err,
    size_t size)
{
	struct words w = { .list = find(name), .err = err, .size = size };
	const char *s;

	if (json_type(v) != JSON_ARRAY) {
		(void)snprintf(
		    err, size, "%s: expected an array of strings", name);
		return -1;
	}
	for (v = json_first(v); v != NULL; v = json_next(v)) {
		s = json_string(v);
		if (s == NULL) {
			(void)snprintf(err, size,
			    "%s: expected an array of strings", name);
			return -1;
		}
		if (add_word(&w, s, strlen(s)) == -1)
			return -1;
	}
	return take_words(f, &w);
}

void
filter_write(struct buf *b, const struct filter *f)
{
	for (size_t i = 0; i < NLISTS; i++) {
		const char *s = (const char *)f + lists[i].at;
		size_t len;

		if (*s == '\0')
			continue;
		json_open_array(b, lists[i].name);
		for (; *s != '\0'; s += len + 1) {
			len = strcspn(s, " ");
			json_put_mem(b, NULL, s, len);
		}
		json_close_array(b);
	}
}

static int
wanted(const char *list, const char *word)
{
	return list[0] == '\0' || has(list, word, strlen(word));
}

int
filter_trade(const struct filter *f, const char *symbol, const char *category,
    const char *account)
{
	return wanted(f->symbols, symbol) && wanted(f->categories, category) &&
	    wanted(f->accounts, account);
}

int
filter_action(const struct filter *f, const char *action)
{
	return wanted(f->actions, action);
}
