/* Scores of the labels, in C: the same numbers as normalize.py, segment.py, features.py and model.py, which define them.
 *
 * One message after the other, without the GIL:
 *   fold        code points -> folded code points, tokens, segments
 *   hash        tokens -> buckets of n-grams, block by block, segment by segment, in slabs that stay in the cache
 *   count       buckets -> columns -> running term counts, weighted sums and norms, of the message and of the segment
 *   finish      sums -> logits -> probabilities
 * All hashing is unsigned 64-bit arithmetic; sums are double. Memory grows with the longest message only.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void)0)
#endif
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define FAST_WHERE_POSSIBLE __attribute__((target_clones("default", "arch=x86-64-v3"))) /* the loader chooses */
#else
#define FAST_WHERE_POSSIBLE
#endif

enum { HEADS = 4, BLOCKS = 3, BITS = 20, STEM = 5, LONGEST = 5, MIN_SEGMENT = 8, CROSSING = 3 };
enum { CELLS = (BLOCKS << BITS) / 32, HUGE_PAGE = 1 << 21 };
enum { MAX_CHARACTERS = 100000, GROUP_CHARACTERS = 1 << 16, GROUP_MESSAGES = 256, RELEASE_CHARACTERS = 4096, LEAST_ROOM = 1024 };
enum { SLAB = 256, SMALLEST_TABLE = 2048, TABLES = 11, KNOWN_GAINS = 64, ROW = 8 };
enum { DELETE, SPACE, WORD, PUNCTUATION, SYMBOL };
#define BUCKETS ((uint32_t)1 << BITS)
#define TABLE_SIZE 0x110000u
#define CODE 0x1FFFFFu
#define UPPER ((uint32_t)1 << 24)
#define DROPPED ((uint32_t)1 << 25)
#define LINK_MARK (0xE000u | (uint32_t)SYMBOL << 21)
#define BASE 0x9E3779B97F4A7C15u
#define PAIR 0xC2B2AE3D27D4EB4Fu
#define MIX 0xD6E8FEB86659FD93u

typedef struct { uint32_t bits, rank; } Cell; /* which of 32 buckets are kept, and the column of the first one kept */
typedef struct { double share, slope, offset; } Head;
typedef struct { float values[ROW]; } Row; /* the weights of the heads, the squared idf; the rest keeps it in one cache line */
typedef struct { double sum[HEADS + 2]; } Total; /* the weighted sums, the squared norm, and nothing: even numbers vectorise */
typedef struct { uint32_t column, stamp, whole, part; } Count; /* part counts the segment with that stamp */

typedef struct Scratch {
    struct Scratch *next;
    uint32_t *points, *line, *tokens, *segments;
    uint64_t *words, *stems;
    double (*parts)[HEADS];
    size_t point_room, room;
    Count *tables[TABLES]; /* each twice as large as the one before; a short message stays in the first, hot one */
    uint32_t stamp;
} Scratch;

typedef struct {
    PyObject_HEAD
    Py_buffer table;
    Cell *cells; /* one for 32 buckets, and behind them, in the same block of memory, */
    Row *rows;   /* one for each column */
    Head heads[HEADS];
    Scratch *idle;
} Scorer;

typedef struct { /* one message on its way */
    const Scorer *scorer;
    Scratch *scratch;
    size_t tokens, segments, slab_size, used;
    uint32_t level, first_stamp; /* counts with an older stamp belong to another block or message */
    int several, failed;
    Total both, whole, part; /* what counts for message and segment alike stands in `both` */
    uint32_t slab[SLAB];
} Run;

static double gains[KNOWN_GAINS], norm_gains[KNOWN_GAINS]; /* what the k-th occurrence adds to 1 + ln k and to its square */

/* ---- fold ---- */

static uint32_t code_of(uint32_t entry) { return entry & CODE; }
static uint32_t kind_of(uint32_t entry) { return entry >> 21 & 7; }
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

/* Look the code points up, in place, and take the invisible ones away; tells whether there may be a link. */
static size_t look_up(const uint32_t *table, uint32_t *points, size_t size, int *slashes)
{
    size_t n = 0;
    int found = 0;
    for (size_t i = 0; i < size; i++) {
        uint32_t entry = table[points[i]];
        points[n] = entry;
        n += kind_of(entry) != DELETE;
        found |= code_of(entry) == '/';
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

static int is_dropped(const uint32_t *entries, size_t i)
{
    uint32_t code = code_of(entries[i]);
    return entries[i] & DROPPED || (i >= 2 && code == code_of(entries[i - 1]) && code == code_of(entries[i - 2]) && code != '0');
}

/* Whether a segment may start here: after a line break (gap 2), or after white space (gap 1) that follows a sentence's end. */
static int may_start(int gap, uint32_t last, uint32_t before_last)
{
    return gap == 2 || is_terminal(last) || (is_closer(last) && is_terminal(before_last));
}

/* Lay the tokens out on the line, one space before each and one behind the last; note where tokens and segments start. */
static void cut(Run *run, const uint32_t *entries, size_t n)
{
    Scratch *s = run->scratch;
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
            if (is_dropped(entries, j))
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
    run->tokens = tokens, run->segments = segments;
    run->several = segments > 1;
}

/* ---- count ---- */

/* The number of bits set. */
static inline uint32_t ones(uint32_t x)
{
#if defined(__GNUC__)
    return (uint32_t)__builtin_popcount(x);
#else
    x -= x >> 1 & 0x55555555u;
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    return ((x + (x >> 4)) & 0x0F0F0F0Fu) * 0x01010101u >> 24;
#endif
}

static int make_table(Scratch *s, uint32_t level)
{
    if (!s->tables[level])
        s->tables[level] = calloc((size_t)SMALLEST_TABLE << level, sizeof(Count));
    return s->tables[level] != NULL;
}

/* The place of a column in the table: its own, or the free one where it belongs. */
static inline Count *place_of(const Run *run, uint32_t column)
{
    Count *table = run->scratch->tables[run->level];
    uint32_t mask = ((uint32_t)SMALLEST_TABLE << run->level) - 1, i = column & mask;
    while (table[i].stamp >= run->first_stamp && table[i].column != column)
        i = (i + 1) & mask;
    return &table[i];
}

/* Move the live counts into the next, twice as large table. */
static int grow(Run *run)
{
    const Count *from = run->scratch->tables[run->level];
    size_t size = (size_t)SMALLEST_TABLE << run->level;
    if (run->level + 1 == TABLES || !make_table(run->scratch, run->level + 1))
        return 0;
    run->level++;
    for (size_t i = 0; i < size; i++)
        if (from[i].stamp >= run->first_stamp)
            *place_of(run, from[i].column) = from[i];
    return 1;
}

/* (1 + ln k) - (1 + ln(k - 1)) and the same of the squares, so that sum and norm are exact after every occurrence. */
static void compute_gains(uint32_t k, double *gain, double *norm_gain)
{
    double now = 1 + log(k), before = k > 1 ? 1 + log(k - 1) : 0;
    *gain = now - before;
    *norm_gain = now * now - before * before;
}

static inline void add(Total *total, const Row *row, uint32_t k)
{
    double gain, norm_gain;
    if (k > KNOWN_GAINS)
        compute_gains(k, &gain, &norm_gain);
    else
        gain = gains[k - 1], norm_gain = norm_gains[k - 1];
    for (int j = 0; j < HEADS; j++)
        total->sum[j] += gain * row->values[j];
    total->sum[HEADS] += norm_gain * row->values[HEADS];
}

/* Add the rows of columns met for the first time: most of them. */
static inline void add_new(Total *total, const Row *rows, const uint32_t *columns, size_t n)
{
    Total sums = *total;
    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < HEADS + 2; j++)
            sums.sum[j] += rows[columns[i]].values[j];
    *total = sums;
}

/* A column met again, in the message or in the segment. */
static inline void count_again(Run *run, Count *c, int in_part)
{
    const Row *row = &run->scorer->rows[c->column];
    add(&run->whole, row, ++c->whole);
    if (!in_part)
        return;
    if (c->stamp != run->scratch->stamp)
        c->stamp = run->scratch->stamp, c->part = 0;
    add(&run->part, row, ++c->part);
}

/* Count the columns; those met for the first time come to stand at the front, and their number is the answer. */
static inline size_t count(Run *run, uint32_t *columns, size_t n, int in_part)
{
    const uint32_t stamp = run->scratch->stamp;
    size_t fresh = 0;
    if (run->used + n > (size_t)SMALLEST_TABLE / 8 * 5 << run->level && !grow(run)) {
        run->failed = 1;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        Count *c = place_of(run, columns[i]);
        if (c->stamp >= run->first_stamp) {
            count_again(run, c, in_part);
            continue;
        }
        c->column = columns[fresh++] = columns[i];
        c->stamp = stamp, c->whole = 1, c->part = in_part != 0;
    }
    run->used += fresh;
    return fresh;
}

/* Turn the buckets of the slab into columns, count them and add up their weights. */
FAST_WHERE_POSSIBLE static void flush(Run *run, int in_part)
{
    const Cell *cells = run->scorer->cells;
    const Row *rows = run->scorer->rows;
    uint32_t columns[SLAB + 1];
    size_t n = 0;
    for (size_t i = 0; i < run->slab_size; i++) {
        Cell cell = cells[run->slab[i] >> 5];
        uint32_t bit = (uint32_t)1 << (run->slab[i] & 31);
        columns[n] = cell.rank + ones(cell.bits & (bit - 1));
        n += (cell.bits & bit) != 0;
    }
    for (size_t i = 0; i < n; i++)
        PREFETCH(rows + columns[i]);
    n = count(run, columns, n, in_part);
    add_new(in_part ? &run->both : &run->whole, rows, columns, n);
    run->slab_size = 0;
}

/* ---- hash ---- */

static uint64_t half_mix(uint64_t h)
{
    h = (h ^ h >> 32) * MIX;
    return (h ^ h >> 32) * MIX;
}

static uint64_t mix(uint64_t h)
{
    h = half_mix(h);
    return h ^ h >> 32;
}

/* The last step of the mix leaves the upper 32 bits alone, and a bucket is the upper 20. */
static uint32_t bucket(uint64_t h, uint32_t block) { return (uint32_t)(half_mix(h) >> (64 - BITS)) + block * BUCKETS; }

static void hash_tokens(Run *run)
{
    Scratch *s = run->scratch;
    for (size_t t = 0; t < run->tokens; t++) {
        uint64_t sum = 0, stem = 0, power = 1;
        for (uint32_t i = s->tokens[t]; i < s->tokens[t + 1] - 1; i++, power *= BASE) {
            sum += code_of(s->line[i]) * power;
            if (i - s->tokens[t] < STEM)
                stem = sum;
        }
        s->words[t] = mix(sum);
        s->stems[t] = mix(stem) + 99;
    }
}

static int is_caps(const Scratch *s, size_t t)
{
    uint32_t all = UPPER;
    for (uint32_t i = s->tokens[t]; i < s->tokens[t + 1] - 1; i++)
        all &= s->line[i];
    return all && s->tokens[t + 1] - 1 - s->tokens[t] >= 3;
}

static void put(Run *run, uint32_t number)
{
    run->slab[run->slab_size++] = number;
}

/* Tokens, neighbours and pairs with one between, of one segment; those that reach into the next go to `crossing`. */
static size_t word_grams(Run *run, uint32_t block, size_t low, size_t high, uint32_t *crossing)
{
    const uint64_t *h = block ? run->scratch->stems : run->scratch->words;
    size_t n = 0;
    for (size_t t = low; t < high; t++) {
        if (run->slab_size > SLAB - 4)
            flush(run, run->several);
        put(run, bucket(h[t] + 101, block));
        for (size_t step = 1; step <= 2 && t + step < run->tokens; step++) {
            uint32_t b = bucket(h[t] * PAIR + h[t + step] + 101 + step, block);
            if (t + step < high)
                put(run, b);
            else
                crossing[n++] = b;
        }
        if (!block && is_caps(run->scratch, t))
            put(run, bucket(7 + 106, block));
    }
    return n;
}

/* n-grams of 2 to LONGEST characters of each token, with one space on each side: none reaches over a space.
 * All are computed and those that do are written over by the next, which is faster than to ask. */
static void char_grams(Run *run, size_t low, size_t high)
{
    const Scratch *s = run->scratch;
    const uint32_t *end = s->line + s->tokens[high] - 1;
    for (const uint32_t *at = s->line + s->tokens[low] - 1; at < end; at++) {
        uint64_t h = mix(code_of(at[0]) + (uint64_t)0x1234567u);
        size_t valid = 1;
        if (run->slab_size > SLAB - LONGEST)
            flush(run, run->several);
        for (size_t k = 2; k <= LONGEST; k++) {
            uint32_t code = code_of(at[k - 1]);
            h = (h ^ code) * BASE;
            h ^= h >> 29;
            run->slab[run->slab_size] = bucket(h + k, BLOCKS - 1);
            run->slab_size += valid;
            valid &= code != ' ';
        }
    }
}

/* ---- finish ---- */

/* Add a total, by its norm, to the sums of a row. */
static void close_total(const Total *total, double *sums)
{
    double norm = sqrt(total->sum[HEADS]);
    norm = norm > 1e-12 ? norm : 1e-12;
    for (int j = 0; j < HEADS; j++)
        sums[j] += total->sum[j] / norm;
}

/* The segment is complete: what it has in common with the message goes to both. */
static void close_part(Run *run, double *sums)
{
    for (int j = 0; j <= HEADS; j++) {
        run->part.sum[j] += run->both.sum[j];
        run->whole.sum[j] += run->both.sum[j];
    }
    close_total(&run->part, sums);
    memset(&run->part, 0, sizeof run->part);
    memset(&run->both, 0, sizeof run->both);
}

static void start_block(Run *run)
{
    Scratch *s = run->scratch;
    if (s->stamp > UINT32_MAX - MAX_CHARACTERS) { /* before stamps come again: forget all counts */
        for (uint32_t i = 0; i < TABLES && s->tables[i]; i++)
            memset(s->tables[i], 0, ((size_t)SMALLEST_TABLE << i) * sizeof(Count));
        s->stamp = 0;
    }
    run->first_stamp = s->stamp + 1;
    run->level = 0, run->used = 0;
    memset(&run->whole, 0, sizeof run->whole);
}

static void sum_block(Run *run, uint32_t block, double *whole)
{
    Scratch *s = run->scratch;
    start_block(run);
    for (size_t i = 0; i < run->segments; i++) {
        uint32_t crossing[CROSSING];
        size_t crossings = 0;
        s->stamp++;
        if (block == BLOCKS - 1)
            char_grams(run, s->segments[i], s->segments[i + 1]);
        else
            crossings = word_grams(run, block, s->segments[i], s->segments[i + 1], crossing);
        flush(run, run->several);
        close_part(run, s->parts[i]);
        memcpy(run->slab, crossing, crossings * sizeof *crossing);
        run->slab_size = crossings;
        flush(run, 0);
    }
    close_total(&run->whole, whole);
}

static void finish(const Run *run, const double *whole, float *out)
{
    for (int j = 0; j < HEADS; j++) {
        const Head *head = &run->scorer->heads[j];
        double strongest = whole[j], z;
        for (size_t i = 0; run->several && i < run->segments; i++)
            if (i == 0 || run->scratch->parts[i][j] > strongest)
                strongest = run->scratch->parts[i][j];
        z = head->slope * (whole[j] + head->share * (strongest - whole[j])) + head->offset;
        out[j] = (float)(1 / (1 + exp(-(z < -40 ? -40 : z > 40 ? 40 : z))));
    }
    if (out[2] > out[1]) /* a bluff is never likelier than a threat */
        out[2] = out[1];
}

/* Score one message; overwrites its code points. False where memory ran out. */
static int score_message(const Scorer *scorer, Scratch *scratch, uint32_t *points, size_t size, float *out)
{
    Run run;
    double whole[HEADS] = {0};
    int slashes;
    memset(&run, 0, offsetof(Run, slab));
    run.scorer = scorer, run.scratch = scratch;
    size = look_up(scorer->table.buf, points, size, &slashes);
    if (slashes)
        mark_links(points, size);
    cut(&run, points, size);
    memset(scratch->parts, 0, run.segments * sizeof *scratch->parts);
    hash_tokens(&run);
    for (uint32_t block = 0; block < BLOCKS; block++)
        sum_block(&run, block, whole);
    finish(&run, whole, out);
    return !run.failed;
}

/* ---- memory ---- */

static void free_room(Scratch *s)
{
    free(s->line), free(s->tokens), free(s->segments), free(s->words), free(s->stems), free(s->parts);
    s->line = s->tokens = s->segments = NULL;
    s->words = s->stems = NULL;
    s->parts = NULL;
    s->room = 0;
}

static void free_scratch(Scratch *s)
{
    free_room(s);
    free(s->points);
    for (size_t i = 0; i < TABLES; i++)
        free(s->tables[i]);
    free(s);
}

/* Room for one message of `size` code points; also for an empty one after memory had run out. */
static int make_room(Scratch *s, size_t size)
{
    size_t parts;
    if (size < LEAST_ROOM)
        size = LEAST_ROOM;
    if (size <= s->room)
        return 1;
    parts = size / MIN_SEGMENT + 2;
    free_room(s);
    s->line = malloc((2 * size + LONGEST) * sizeof *s->line);
    s->tokens = malloc((size + 1) * sizeof *s->tokens);
    s->segments = malloc((parts + 1) * sizeof *s->segments);
    s->words = malloc(size * sizeof *s->words);
    s->stems = malloc(size * sizeof *s->stems);
    s->parts = malloc(parts * sizeof *s->parts);
    if (!s->line || !s->tokens || !s->segments || !s->words || !s->stems || !s->parts)
        return 0;
    s->room = size;
    return 1;
}

/* Room for `size` code points of a group, keeping those there. */
static int make_point_room(Scratch *s, size_t size)
{
    size_t room = size < 2 * s->point_room ? 2 * s->point_room : size;
    uint32_t *grown;
    if (size <= s->point_room)
        return 1;
    grown = realloc(s->points, room * sizeof *grown);
    if (!grown)
        return 0;
    s->points = grown, s->point_room = room;
    return 1;
}

/* A scratch nobody uses; one a thread that scores at the same time. The GIL is held. */
static Scratch *take_scratch(Scorer *self)
{
    Scratch *s = self->idle;
    if (s) {
        self->idle = s->next;
        return s;
    }
    s = calloc(1, sizeof *s);
    if (s && make_table(s, 0) && make_room(s, 0))
        return s;
    if (s)
        free_scratch(s);
    PyErr_NoMemory();
    return NULL;
}

/* ---- Python ---- */

/* What the reader does not see is masked in Python, where that rule is written; this is its cheap test. */
static int needs_mask(const uint32_t *points, size_t size)
{
    int rare = 0;
    for (size_t i = 0; i < size; i++)
        rare |= (points[i] == '>') | (points[i] == '`') | (points[i] == '\n');
    for (size_t i = 0; rare && i < size; i++) {
        size_t left = size - i;
        if (points[i] == '>' || (points[i] == '`' && left > 2 && points[i + 1] == '`' && points[i + 2] == '`')
            || (points[i] == '\n' && left > 2 && points[i + 1] == '-' && points[i + 2] == '-'))
            return 1;
    }
    return 0;
}

/* Append the code points of a message to the group; -1 with an exception set, else their number. */
static Py_ssize_t append(Scratch *s, size_t used, PyObject *message)
{
    Py_ssize_t size = PyUnicode_GetLength(message);
    if (size < 0)
        return -1;
    if (size > MAX_CHARACTERS) {
        PyErr_SetString(PyExc_ValueError, "cut must return at most 100000 characters");
        return -1;
    }
    if (!make_point_room(s, used + (size_t)size + 1)) {
        PyErr_NoMemory();
        return -1;
    }
    return PyUnicode_AsUCS4(message, s->points + used, size + 1, 1) ? size : -1;
}

static Py_ssize_t append_cut(Scratch *s, size_t used, PyObject *message, PyObject *cut_rule)
{
    Py_ssize_t size = PyUnicode_GetLength(message);
    PyObject *masked;
    if (0 <= size && size <= MAX_CHARACTERS) {
        size = append(s, used, message);
        if (size < 0 || !needs_mask(s->points + used, (size_t)size))
            return size;
    }
    masked = PyObject_CallFunctionObjArgs(cut_rule, message, NULL);
    if (!masked)
        return -1;
    if (PyUnicode_Check(masked)) {
        size = append(s, used, masked);
    } else {
        PyErr_SetString(PyExc_TypeError, "cut must return str");
        size = -1;
    }
    Py_DECREF(masked);
    return size;
}

/* Copy the next messages into the scratch until there are enough; their number, or 0 with an exception set. */
static size_t collect(Scratch *s, PyObject *messages, Py_ssize_t at, Py_ssize_t n, PyObject *cut_rule, size_t *ends)
{
    size_t used = 0, number = 0;
    for (; at < n && number < GROUP_MESSAGES && used < GROUP_CHARACTERS; at++) {
        PyObject *message = PySequence_GetItem(messages, at);
        Py_ssize_t size = -1;
        if (message && PyUnicode_Check(message))
            size = append_cut(s, used, message, cut_rule);
        else if (message)
            PyErr_Format(PyExc_TypeError, "messages[%zd] must be str", at);
        Py_XDECREF(message);
        if (size < 0)
            return 0;
        used += (size_t)size;
        ends[number++] = used;
    }
    return number;
}

static int score_group(const Scorer *self, Scratch *s, const size_t *ends, size_t number, float *out)
{
    size_t start = 0;
    for (size_t i = 0; i < number; start = ends[i++])
        if (!make_room(s, ends[i] - start) || !score_message(self, s, s->points + start, ends[i] - start, out + i * HEADS))
            return 0;
    return 1;
}

static int score_all(Scorer *self, Scratch *s, PyObject *messages, PyObject *cut_rule, Py_ssize_t n, float *out)
{
    size_t ends[GROUP_MESSAGES], number;
    for (Py_ssize_t at = 0; at < n; at += (Py_ssize_t)number) {
        int done;
        number = collect(s, messages, at, n, cut_rule, ends);
        if (!number)
            return 0;
        if (ends[number - 1] < RELEASE_CHARACTERS) { /* taking the GIL back can cost more than the work itself */
            done = score_group(self, s, ends, number, out + at * HEADS);
        } else {
            Py_BEGIN_ALLOW_THREADS
            done = score_group(self, s, ends, number, out + at * HEADS);
            Py_END_ALLOW_THREADS
        }
        if (!done) {
            PyErr_NoMemory();
            return 0;
        }
    }
    return 1;
}

/* A C-contiguous buffer of exactly `expected` items of one of the `formats`, or ValueError. */
static int get_buffer(PyObject *object, Py_buffer *view, const char *name, const char *formats, size_t itemsize, size_t expected, int flags)
{
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags) < 0)
        return 0;
    if (view->format && strlen(view->format) == 1 && strchr(formats, view->format[0]) && (size_t)view->itemsize == itemsize
        && (size_t)view->len == expected * itemsize && (uintptr_t)view->buf % itemsize == 0)
        return 1;
    PyErr_Format(PyExc_ValueError, "%s: expected %zu aligned items of %zu bytes and a type of \"%s\", found %zd bytes of type \"%s\"", name,
                 expected, itemsize, formats, view->len, view->format ? view->format : "B");
    PyBuffer_Release(view);
    return 0;
}

static PyObject *score(Scorer *self, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t n;
    Py_buffer out;
    Scratch *s;
    int done;
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "score takes messages, cut and out");
        return NULL;
    }
    n = PySequence_Size(args[0]);
    if (n < 0 || !get_buffer(args[2], &out, "out", "f", sizeof(float), (size_t)n * HEADS, PyBUF_WRITABLE))
        return NULL;
    s = take_scratch(self);
    done = s && score_all(self, s, args[0], args[1], n, out.buf);
    if (s)
        s->next = self->idle, self->idle = s;
    PyBuffer_Release(&out);
    if (!done)
        return NULL;
    Py_RETURN_NONE;
}

/* Zeroed memory for random access: in huge pages where there are such: the pages in use are many. */
static void *allocate_weights(size_t size)
{
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    void *memory = NULL;
    if (posix_memalign(&memory, HUGE_PAGE, size))
        return NULL;
    madvise(memory, size, MADV_HUGEPAGE); /* a wish; nothing depends on the answer */
    return memset(memory, 0, size);
#else
    return calloc(size, 1);
#endif
}

/* Pack `column` into cells; false where it does not number the kept buckets in their order, block after block. */
static int pack(Cell *cells, const int32_t *column, const int64_t *edges)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < BLOCKS * BUCKETS; i++) {
        if (i % BUCKETS == 0 && edges[i / BUCKETS] != (int64_t)next)
            return 0;
        if (i % 32 == 0)
            cells[i / 32].rank = next;
        if (column[i] < 0)
            continue;
        if ((uint32_t)column[i] != next++)
            return 0;
        cells[i / 32].bits |= (uint32_t)1 << i % 32;
    }
    return edges[BLOCKS] == (int64_t)next;
}

/* Allocate and fill the cells, with room for the rows behind them. */
static int make_cells(Scorer *self, const int32_t *column, const int64_t *edges, size_t *columns)
{
    *columns = 0;
    for (uint32_t i = 0; i < BLOCKS * BUCKETS; i++)
        *columns += column[i] >= 0;
    self->cells = allocate_weights(CELLS * sizeof(Cell) + (*columns + 1) * sizeof(Row));
    if (!self->cells) {
        PyErr_NoMemory();
        return 0;
    }
    self->rows = (Row *)(self->cells + CELLS);
    if (pack(self->cells, column, edges))
        return 1;
    PyErr_SetString(PyExc_ValueError, "column and edges must number the kept buckets from 0, in their order");
    return 0;
}

static int pack_buffers(Scorer *self, PyObject *column_object, PyObject *edges_object, size_t *columns)
{
    Py_buffer column, edges;
    int done;
    if (!get_buffer(column_object, &column, "column", "il", sizeof(int32_t), BLOCKS * BUCKETS, 0))
        return 0;
    if (!get_buffer(edges_object, &edges, "edges", "lq", sizeof(int64_t), BLOCKS + 1, 0)) {
        PyBuffer_Release(&column);
        return 0;
    }
    done = make_cells(self, column.buf, edges.buf, columns);
    PyBuffer_Release(&column);
    PyBuffer_Release(&edges);
    return done;
}

/* Weights and squared idf of a column side by side. */
static int make_rows(Scorer *self, PyObject *idf2_object, PyObject *coef_object, size_t columns)
{
    Py_buffer idf2, coef;
    if (!get_buffer(idf2_object, &idf2, "idf2", "f", sizeof(float), columns, 0))
        return 0;
    if (!get_buffer(coef_object, &coef, "coef", "f", sizeof(float), columns * HEADS, 0)) {
        PyBuffer_Release(&idf2);
        return 0;
    }
    for (size_t i = 0; i < columns; i++) {
        memcpy(self->rows[i].values, (const float *)coef.buf + i * HEADS, HEADS * sizeof(float));
        self->rows[i].values[HEADS] = ((const float *)idf2.buf)[i];
    }
    PyBuffer_Release(&idf2);
    PyBuffer_Release(&coef);
    return 1;
}

static int fill(Scorer *self, PyObject *const *from)
{
    Py_buffer heads;
    size_t columns;
    if (!pack_buffers(self, from[1], from[2], &columns) || !make_rows(self, from[3], from[4], columns)
        || !get_buffer(from[5], &heads, "heads", "d", sizeof(double), HEADS * sizeof(Head) / sizeof(double), 0))
        return 0;
    memcpy(self->heads, heads.buf, sizeof self->heads);
    PyBuffer_Release(&heads);
    return get_buffer(from[0], &self->table, "table", "IL", sizeof(uint32_t), TABLE_SIZE, 0);
}

static PyObject *scorer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *from[6];
    Scorer *self;
    if (keywords && PyDict_Size(keywords)) {
        PyErr_SetString(PyExc_TypeError, "Scorer takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OOOOOO:Scorer", &from[0], &from[1], &from[2], &from[3], &from[4], &from[5]))
        return NULL;
    self = (Scorer *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0); /* zeroed: every buffer is empty */
    if (!self)
        return NULL;
    if (fill(self, from))
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void scorer_dealloc(Scorer *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    while (self->idle) {
        Scratch *next = self->idle->next;
        free_scratch(self->idle);
        self->idle = next;
    }
    free(self->cells);
    PyBuffer_Release(&self->table); /* does nothing for a buffer that was not taken */
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef scorer_methods[] = {
    {"score", (PyCFunction)(void (*)(void))score, METH_FASTCALL,
     "score(messages, cut, out): write the probabilities of the labels into out, (messages, 4) float32."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scorer_slots[] = {
    {Py_tp_doc, "Scorer(table, column, edges, idf2, coef, heads): the arrays of a ToneModel; heads is (4, 3) float64: share, a, b."},
    {Py_tp_new, (void *)scorer_new},
    {Py_tp_dealloc, (void *)scorer_dealloc},
    {Py_tp_methods, scorer_methods},
    {0, NULL},
};

static PyType_Spec scorer_spec = {"clienttone._kernel.Scorer", sizeof(Scorer), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, scorer_slots};

static int kernel_exec(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &scorer_spec, NULL);
    int done;
    for (uint32_t k = 1; k <= KNOWN_GAINS; k++)
        compute_gains(k, &gains[k - 1], &norm_gains[k - 1]);
    if (!type)
        return -1;
    done = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return done;
}

static PyModuleDef_Slot kernel_slots[] = {{Py_mod_exec, (void *)kernel_exec}, {0, NULL}};
static struct PyModuleDef kernel = {PyModuleDef_HEAD_INIT, "_kernel", "Scores messages in C.", 0, NULL, kernel_slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&kernel); }
