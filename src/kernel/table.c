#include "table.h"

enum { CACHED = 4 }; /* level of the largest table that fits a cache: 512 kB */

static size_t size_of(uint32_t level) { return (size_t)SMALLEST_TABLE << level; }

static int take_table(Message *m, uint32_t level)
{
    if (level == TABLES || !make_table(m->scratch, level))
        return 0;
    m->table = m->scratch->tables[level];
    m->mask = (uint32_t)size_of(level) - 1;
    m->level = level;
    return 1;
}

int start_counts(Message *m)
{
    Scratch *s = m->scratch;
    size_t grams = most_grams(s->tokens[m->tokens] - 1 - m->tokens, m->tokens);
    uint32_t level = 0;
    if (++s->epoch == 0) { /* before epochs come again: forget all counts */
        for (uint32_t i = 0; i < TABLES; i++)
            if (s->tables[i])
                memset(s->tables[i], 0, size_of(i) * sizeof(Count));
        s->epoch = 1;
    }
    while (size_of(level) < (level < CACHED ? 4 * grams : grams / 2)) /* of a long message, most are met again and again */
        level++;
    m->stamp = 0, m->used = 0, m->again = 0, m->part_again = 0, m->failed = 0;
    return take_table(m, level);
}

/* Move the counts into the next table. */
static int grow(Message *m)
{
    const Count *from = m->table;
    const size_t size = size_of(m->level);
    const uint64_t message = key_of(m, 0);
    if (!take_table(m, m->level + 1))
        return 0;
    for (size_t i = 0; i < size; i++)
        if ((from[i].key ^ message) <= UINT32_MAX)
            *place_of(m->table, m->mask, from[i].key) = from[i];
    return 1;
}

/* Room for n more columns in a table that then is at most half full. */
static int make_places(Message *m, size_t n)
{
    if (m->used + n > size_of(m->level) / 2 && !grow(m))
        m->failed = 1;
    return !m->failed;
}

static inline void count_all(Message *m, const uint32_t *columns, size_t n, int several)
{
    const uint64_t message = key_of(m, 0);
    const uint32_t mask = m->mask, stamp = m->stamp << COUNT_BITS;
    uint32_t *again = m->scratch->again + m->again, *part_again = m->scratch->part_again + m->part_again, news = 0;
    Count *const table = m->table;
    for (size_t i = 0; i < n; i++) { /* masks, for branches would guess */
        const uint64_t key = message | columns[i];
        Count *c = place_of(table, mask, key);
        const uint32_t met = c->key == key, whole = (c->whole & (0 - met)) + 1;
        c->key = key, c->whole = whole;
        *again = columns[i];
        again += whole == 2, news += whole == 1;
        if (several) {
            const uint32_t part = c->part ^ stamp, here = met & (part <= COUNT_MASK), inside = (part & (0 - here)) + 1;
            c->part = stamp | inside;
            *part_again = columns[i];
            part_again += inside == 2;
        }
    }
    m->used += news;
    m->again = (size_t)(again - m->scratch->again), m->part_again = (size_t)(part_again - m->scratch->part_again);
}

FAST_WHERE_POSSIBLE void count(Message *m, const uint32_t *columns, size_t n)
{
    if (!make_places(m, n))
        return;
    for (size_t i = 0; m->level > CACHED && i < n; i++)
        PREFETCH(&m->table[columns[i] & m->mask]);
    if (m->several)
        count_all(m, columns, n, 1);
    else
        count_all(m, columns, n, 0);
}
