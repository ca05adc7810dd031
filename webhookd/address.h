/*
 * address - lists of addresses and CIDR blocks, IPv4 and IPv6.
 */
#ifndef SLUICE_WEBHOOKD_ADDRESS_H
#define SLUICE_WEBHOOKD_ADDRESS_H

#include <stddef.h>

struct address_list;

/*
 * Read items, comma-separated, from a setting: "10.0.0.0/8, ::1, tradingview",
 * where the last stands for the addresses that TradingView publishes.  NULL
 * with a message in err that names the item.  An empty text is an empty list.
 */
struct address_list *address_list_new(const char *text, char *err, size_t size);
void address_list_free(struct address_list *l);

/* 1 where address (text, no port; IPv4-mapped IPv6 counts as IPv4) is in it. */
int address_list_has(const struct address_list *l, const char *address);
int address_list_empty(const struct address_list *l); /* NULL is empty */

/*
 * Whose request it is (DESIGN, fine print): the peer's address, or, where the
 * peer is trusted, the rightmost one of X-Forwarded-For (NULL: none) that is
 * not.  Text that is no address ends the search at the hop before it.  What is
 * written is the address in its normal form, ADDRESS_TEXT_MAX bytes at most.
 */
#define ADDRESS_TEXT_MAX 46
void address_client(char *out, size_t size, const char *peer,
    const char *forwarded_for, const struct address_list *trust);

/*
 * Who counts as one client: an IPv4 address, or the /64 of an IPv6 address,
 * since that is what one client can have.  0, or -1 where text is no address.
 */
#define ADDRESS_KEY_SIZE 16
int address_key(unsigned char key[ADDRESS_KEY_SIZE], const char *text);

#endif
