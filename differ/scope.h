/*
 * scope - the scopes and their legs: finding, making, storing, loading.
 */
#ifndef SLUICE_DIFFER_SCOPE_H
#define SLUICE_DIFFER_SCOPE_H

#include "differ/model.h"

struct differ;

/* The scope, or NULL where no snapshot of it was taken yet. */
struct scope *scope_find(struct differ *d, const struct account *a,
    enum category c, const char *coin);

/* The scope, made if need be.  NULL without memory. */
struct scope *scope_get(
    struct differ *d, struct account *a, enum category c, const char *coin);

/* Where the leg is or would be in s->legs; *found tells which. */
size_t scope_place(
    const struct scope *s, const char *symbol, int idx, int *found);

/* A new leg, flat, that knows what a closed one left.  NULL without memory. */
struct leg *scope_add(
    struct differ *d, struct scope *s, const char *symbol, int idx);

/* The leg of that place: one that is there, or as scope_add makes it. */
struct leg *scope_leg(
    struct differ *d, struct scope *s, const struct place *at);

/* 1 where another scope of the account and category holds that position. */
int scope_elsewhere(
    const struct differ *d, const struct scope *s, const char *symbol, int idx);

/* 1 where the symbol was seen in hedge mode. */
int scope_hedged(struct differ *d, const struct scope *s, const char *symbol);

/* Put what changed of all scopes into the state; forget legs that are done. */
void scopes_store(struct differ *d);

/* Read scopes, legs, records and estimates.  0, or -1: see differ_failed(). */
int scopes_load(struct differ *d);

void scope_free(struct scope *s);

#endif
