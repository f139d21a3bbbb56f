/* How often each column stands in the message and in its segment: a hash table that is never emptied, for the entries of
 * other messages are free. */
#ifndef TABLE_H
#define TABLE_H
#include "message.h"

enum { MOST_COUNTED = 352, COUNT_BITS = 17 }; /* 2**17 is more than MAX_CHARACTERS, and leaves room for the number of a segment */
#define COUNT_MASK (((uint32_t)1 << COUNT_BITS) - 1)

static inline uint64_t key_of(const Message *m, uint32_t column) { return (uint64_t)m->scratch->epoch << 32 | column; }

/* The place of a column in the table: its own, or the free one where it belongs. */
static inline Count *place_of(Count *table, uint32_t mask, uint64_t key)
{
    uint32_t i = (uint32_t)key & mask;
    while ((table[i].key ^ key) - 1 < UINT32_MAX) /* another column of this message: one branch, and a rare one */
        i = (i + 1) & mask;
    return &table[i];
}

/* Choose a table that will not have to grow, as a rule; false where memory ran out. */
int start_counts(Message *m);

/* Count at most MOST_COUNTED columns. Those that are now met twice are noted: in the message, and in the segment's block. Of a
 * message with one segment only the message is counted. */
void count(Message *m, const uint32_t *columns, size_t n);

/* An occurrence of a column that the message has: once more in the segment with that shifted stamp, or for the first time. */
static inline uint32_t count_part(Count *c, uint32_t stamp)
{
    uint32_t part = c->part ^ stamp;
    part = part <= COUNT_MASK ? part + 1 : 1;
    c->part = stamp | part;
    return part;
}

/* How often a column stands in the message, or in the segment at hand. */
static inline uint32_t times(const Message *m, uint32_t column, int part)
{
    const Count *c = place_of(m->table, m->mask, key_of(m, column));
    return part ? c->part & COUNT_MASK : c->whole;
}
#endif
