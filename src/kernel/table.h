/* The counts of the columns met, in a hash table that is never emptied: an older stamp makes an entry free. */
#ifndef TABLE_H
#define TABLE_H
#include "message.h"

/* The place of a column in the table: its own, or the free one where it belongs. */
static inline Count *place_of(const Message *m, uint32_t column)
{
    Count *table = m->scratch->tables[m->level];
    uint32_t mask = ((uint32_t)SMALLEST_TABLE << m->level) - 1, i = column & mask;
    while (table[i].stamp >= m->first_stamp && table[i].column != column)
        i = (i + 1) & mask;
    return &table[i];
}

/* Move the live counts into the next, twice as large table. */
static inline int grow_table(Message *m)
{
    const Count *from = m->scratch->tables[m->level];
    size_t size = (size_t)SMALLEST_TABLE << m->level;
    if (m->level + 1 == TABLES || !make_table(m->scratch, m->level + 1))
        return 0;
    m->level++;
    for (size_t i = 0; i < size; i++)
        if (from[i].stamp >= m->first_stamp)
            *place_of(m, from[i].column) = from[i];
    return 1;
}

/* Make sure of free places for n more columns. */
static inline int make_places(Message *m, size_t n)
{
    if (m->used + n <= (size_t)SMALLEST_TABLE / 8 * 5 << m->level || grow_table(m))
        return 1;
    m->failed = 1;
    return 0;
}

static inline void start_counts(Message *m)
{
    Scratch *s = m->scratch;
    if (s->stamp > UINT32_MAX - MAX_CHARACTERS) { /* before stamps come again: forget all counts */
        for (uint32_t i = 0; i < TABLES && s->tables[i]; i++)
            memset(s->tables[i], 0, ((size_t)SMALLEST_TABLE << i) * sizeof(Count));
        s->stamp = 0;
    }
    m->first_stamp = s->stamp + 1;
    m->level = 0, m->used = 0;
}

/* Columns of the buckets that training kept; `at` tells which of the buckets each stands for, unless it is NULL. */
static inline size_t columns_of(const Weights *w, const uint32_t *buckets, size_t size, uint32_t *columns, uint32_t *at)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        Cell cell = w->cells[buckets[i] >> 5];
        uint32_t bit = (uint32_t)1 << (buckets[i] & 31);
        columns[n] = cell.rank + ones(cell.bits & (bit - 1));
        if (at)
            at[n] = (uint32_t)i;
        n += (cell.bits & bit) != 0;
    }
    return n;
}
#endif
