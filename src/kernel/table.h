/* How often each column stands in the message and in its segment: a hash table that is never emptied, for the entries of
 * other messages are free. */
#ifndef TABLE_H
#define TABLE_H
#include "message.h"

enum { COUNT_BITS = 17 }; /* 2**17 is more than MAX_CHARACTERS, and leaves room for the number of a segment */
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

/* Choose a table that is at most half full with the n-grams of the message. */
static inline int start_counts(Message *m)
{
    Scratch *s = m->scratch;
    size_t points = s->tokens[m->tokens] - 1 - m->tokens;
    uint32_t level = 0;
    if (++s->epoch == 0) { /* before epochs come again: forget all counts */
        for (uint32_t i = 0; i < TABLES; i++)
            if (s->tables[i])
                memset(s->tables[i], 0, ((size_t)SMALLEST_TABLE << i) * sizeof(Count));
        s->epoch = 1;
    }
    while (((size_t)SMALLEST_TABLE << level) < 2 * most_grams(points, m->tokens))
        level++;
    if (!make_table(s, level))
        return 0;
    m->table = s->tables[level];
    m->mask = ((uint32_t)SMALLEST_TABLE << level) - 1;
    m->stamp = 0;
    return 1;
}

typedef struct { uint32_t column, whole, part; } Again; /* a column met again, and its counts now */

/* Count columns; those that the message had before are written to `again`, and their number is the answer. */
size_t count(const Message *m, const uint32_t *columns, size_t n, Again *again);
#endif
