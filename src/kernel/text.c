#include "message.h"

static int is_letter(uint32_t entry) { return kind_of(entry) == WORD && code_of(entry) != '\''; }

static int is_terminal(uint32_t entry)
{
    switch (code_of(entry)) {
    case '.': case '!': case '?': case ';': case 0x964: case 0x965: case 0x3002: return 1;
    default: return 0;
    }
}

static int is_closer(uint32_t entry)
{
    switch (code_of(entry)) {
    case '"': case '\'': case ')': case ']': case '}': return 1;
    default: return 0;
    }
}

/* Look the code points up, in place; take the invisible ones away and mark the third and further of a row to be dropped; tells
 * whether there may be a link. */
static inline size_t look_up(const Weights *w, uint32_t *points, size_t size, uint32_t *origins, int *slashes)
{
    size_t n = 0;
    int found = 0;
    uint32_t last = UINT32_MAX, before_last = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        const uint32_t entry = entry_of(w, points[i]), code = code_of(entry);
        const int kept = kind_of(entry) != DELETE, again = (code == last) & (code == before_last) & (code != '0');
        points[n] = again ? entry | DROPPED : entry;
        if (origins)
            origins[n] = (uint32_t)i;
        found |= (code == '/') & (last == '/');
        before_last = kept ? last : before_last, last = kept ? code : last;
        n += (size_t)kept;
    }
    *slashes = found;
    return n;
}

/* The first code point of a chunk with "://" in it becomes a mark, the others are dropped. */
static void mark_links(uint32_t *entries, size_t n)
{
    for (size_t low = 0, high; low < n; low = high + 1) {
        int linked = 0;
        for (high = low; high < n && kind_of(entries[high]) != SPACE; high++)
            linked |= high >= low + 2 && code_of(entries[high]) == '/' && code_of(entries[high - 1]) == '/'
                      && code_of(entries[high - 2]) == ':';
        if (!linked)
            continue;
        entries[low] = LINK_MARK | (entries[low] & UPPER);
        for (size_t i = low + 1; i < high; i++)
            entries[i] |= DROPPED;
    }
}

/* Where the token that starts at i ends, as far as it is a word; one further for anything else. */
static size_t run_end(const uint32_t *entries, size_t n, size_t i)
{
    int word = is_letter(entries[i++]);
    while (word && i < n && (is_letter(entries[i]) || (code_of(entries[i]) == '\'' && i + 1 < n && is_letter(entries[i + 1]))))
        i++;
    return i;
}

/* Whether a segment may start here: after a line break (gap 2), or after white space (gap 1) that follows a sentence's end. */
static int may_start(int gap, uint32_t last, uint32_t before_last)
{
    return gap == 2 || is_terminal(last) || (is_closer(last) && is_terminal(before_last));
}

/* Lay the tokens out on the line, one space before each and one behind the last; note where tokens and segments start. */
static inline void cut(Message *m, const uint32_t *entries, size_t n, const uint32_t *origins)
{
    Scratch *s = m->scratch;
    size_t kept = 0, size = 0, tokens = 0, segments = 0, candidate = 0, end;
    uint32_t last = 0, before_last = 0;
    int gap = 2, pending = 0, in_word = 0;
    for (size_t i = 0; i < n; i = end) {
        uint32_t code = code_of(entries[i]), kind = kind_of(entries[i]);
        int word = is_letter(entries[i]), named;
        end = i + 1;
        if (kind == SPACE) {
            gap = gap == 2 || code == '\n' ? 2 : 1;
            in_word = 0;
            continue;
        }
        if (word)
            end = run_end(entries, n, i);
        pending |= word || in_word || i == 0 || kind == SYMBOL || code != code_of(entries[i - 1]);
        named = word && i > 0 && code_of(entries[i - 1]) == '@';
        for (size_t j = i; j < end && !named; j++, gap = 0) {
            if (entries[j] & DROPPED)
                continue;
            if (pending) {
                s->line[size++] = ' ';
                s->tokens[tokens++] = (uint32_t)size;
            }
            if (kept == 0 || (gap && may_start(gap, last, before_last))) {
                if (kept == 0 || kept - candidate >= MIN_SEGMENT)
                    s->segments[segments++] = (uint32_t)tokens - 1;
                candidate = kept;
            }
            pending = 0;
            before_last = last;
            if (origins)
                s->places[size] = origins[j];
            last = s->line[size++] = entries[j] & (CODE | UPPER);
            kept++;
        }
        gap = 0;
        in_word = word;
    }
    for (size_t i = 0; i < LONGEST; i++)
        s->line[size + i] = ' ';
    s->tokens[tokens] = (uint32_t)size + 1;
    s->segments[segments] = (uint32_t)tokens;
    m->tokens = tokens, m->segments = segments;
    m->several = segments > 1;
}

void read_text(Message *m, uint32_t *points, size_t size)
{
    int slashes;
    size = look_up(m->weights, points, size, NULL, &slashes);
    if (slashes)
        mark_links(points, size);
    cut(m, points, size, NULL);
}

void read_text_traced(Message *m, uint32_t *points, size_t size)
{
    uint32_t *origins = m->scratch->origins;
    int slashes;
    size = look_up(m->weights, points, size, origins, &slashes);
    if (slashes)
        mark_links(points, size);
    cut(m, points, size, origins);
}
