#include "table.h"

FAST_WHERE_POSSIBLE size_t count(const Message *m, const uint32_t *columns, size_t n, Again *again)
{
    Count *const table = m->table;
    const uint64_t message = key_of(m, 0);
    const uint32_t mask = m->mask, stamp = m->stamp << COUNT_BITS;
    const Again *start = again;
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = message | columns[i];
        Count *c = place_of(table, mask, key);
        const uint32_t met = c->key == key, part = c->part ^ stamp, here = met & (part <= COUNT_MASK);
        const Again now = {columns[i], (c->whole & (0 - met)) + 1, (part & (0 - here)) + 1}; /* masks, for branches would guess */
        c->key = key, c->whole = now.whole, c->part = stamp | now.part;
        *again = now;
        again += met;
    }
    return (size_t)(again - start);
}
