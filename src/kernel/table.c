#include "table.h"

enum { CACHED = 5 }; /* level of the largest table that fits a cache: 1 MB */

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
    size_t grams = most_grams(visible(m), m->tokens);
    uint32_t level = 0;
    if (++s->epoch == 0) { /* before epochs come again: forget all counts */
        for (uint32_t i = 0; i < TABLES; i++)
            if (s->tables[i])
                memset(s->tables[i], 0, size_of(i) * sizeof(Count));
        s->epoch = 1;
    }
    while (size_of(level) < (level < CACHED ? 4 * grams : grams))
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

FAST_WHERE_POSSIBLE void count(Message *m, const uint32_t *columns, size_t n)
{
    const uint64_t message = key_of(m, 0);
    const uint32_t fresh = m->stamp << COUNT_BITS | 1;
    uint32_t *again = m->scratch->again + m->again, *part_again = m->scratch->part_again + m->part_again, mask;
    Count *met[MOST_COUNTED + 1], *table;
    size_t number = 0;
    if (!make_places(m, n))
        return;
    table = m->table, mask = m->mask;
    for (size_t i = 0; m->level > CACHED && i < n; i++)
        PREFETCH(&table[columns[i] & mask]);
    for (size_t i = 0; i < n; i++) { /* masks, for branches would guess */
        const uint64_t key = message | columns[i];
        Count *c = place_of(table, mask, key);
        const uint32_t known = c->key == key, all = 0 - known, whole = (c->whole & all) + 1;
        c->key = key, c->whole = whole, c->part = (c->part & all) | (fresh & ~all);
        *again = columns[i], met[number] = c;
        again += whole == 2, number += known;
    }
    for (size_t i = 0; m->several && i < number; i++) {
        *part_again = (uint32_t)met[i]->key;
        part_again += count_part(met[i], fresh - 1) == 2;
    }
    m->used += n - number;
    m->again = (size_t)(again - m->scratch->again), m->part_again = (size_t)(part_again - m->scratch->part_again);
}
