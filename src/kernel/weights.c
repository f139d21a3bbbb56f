#include "weights.h"
#include <stdlib.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HALVES_IN_HARDWARE
#endif

enum { TOGETHER = 8 };

static int finite_halves(const uint16_t *halves, size_t n)
{
    int bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (halves[i] & 0x7C00u) == 0x7C00u;
    return !bad;
}

static int is_finite(double x) { return x - x == 0; }

static const char *read_unicode(Weights *w, Array from)
{
    size_t head = PAGES * sizeof *w->page_of, page = PAGE * sizeof *w->pages;
    if (from.size < head + page || (from.size - head) % page || (uintptr_t)from.data % sizeof *w->pages)
        return "unicode: not an index and whole, aligned pages";
    w->page_of = from.data;
    w->pages = (const uint32_t *)(const void *)((const char *)from.data + head);
    for (size_t i = 0; i < PAGES; i++)
        if (w->page_of[i] >= (from.size - head) / page)
            return "unicode: an index past the pages";
    return NULL;
}

/* Which buckets are kept, and the number of the first kept one in every 32. */
static const char *read_kept(Weights *w, Array from)
{
    uint32_t next = 0;
    if (from.size != CELLS * sizeof w->cells->bits)
        return "kept: not one bit a bucket";
    w->cells = malloc(CELLS * sizeof *w->cells);
    if (!w->cells)
        return "";
    for (size_t i = 0; i < CELLS; i++) {
        memcpy(&w->cells[i].bits, (const char *)from.data + i * sizeof w->cells->bits, sizeof w->cells->bits);
        w->cells[i].rank = next;
        next += ones(w->cells[i].bits);
    }
    w->columns = next;
    return NULL;
}

static const char *read_labels(Weights *w, Array from)
{
    if (from.size != w->columns * sizeof *w->rows || (uintptr_t)from.data % sizeof w->rows->idf)
        return "labels: not one aligned row a kept bucket";
    if (!finite_halves(from.data, w->columns * (HEADS + 1)))
        return "labels: NaN or infinity";
    w->rows = from.data;
    return NULL;
}

static const char *read_heads(Weights *w, Array scales, Array heads)
{
    w->more = scales.size / sizeof *w->scales;
    if (scales.size % sizeof *w->scales || w->more > MORE || (uintptr_t)scales.data % sizeof *w->scales)
        return "scales: not at most 32 aligned numbers";
    if (heads.size != (HEADS + w->more) * sizeof *w->heads)
        return "heads: not three numbers a head";
    w->scales = scales.data;
    memcpy(w->heads, heads.data, heads.size);
    for (size_t j = 0; j < w->more; j++)
        if (!is_finite(w->scales[j]))
            return "scales: NaN or infinity";
    for (size_t j = 0; j < HEADS + w->more; j++)
        if (!is_finite(w->heads[j].share) || !is_finite(w->heads[j].slope) || !is_finite(w->heads[j].offset))
            return "heads: NaN or infinity";
    return NULL;
}

/* ---- packed rows: 2 bits a weight (0, +1, -1, or more than that), then 4 bits for each of the larger ones (2 to 8, -2 to
 * -8, or more than that), from a whole byte on, then a byte for each of the largest ones ---- */

static const uint64_t PAIRS = 0x5555555555555555u, QUADS = 0x1111111111111111u;

static inline uint64_t load(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline size_t ones64(uint64_t x)
{
#if defined(__GNUC__)
    return (size_t)__builtin_popcountll(x);
#else
    return ones((uint32_t)x) + ones((uint32_t)(x >> 32));
#endif
}

static inline size_t code_bytes(const Weights *w) { return (w->more + 3) / 4; }

static inline uint64_t load_codes(const Weights *w, const uint8_t *row)
{
    return w->more == MORE ? load(row) : load(row) & (((uint64_t)1 << 2 * w->more) - 1);
}

/* How many of the first n of 16 nibbles are full. */
static inline size_t full(uint64_t nibbles, size_t n)
{
    uint64_t x = nibbles & nibbles >> 1;
    x &= x >> 2 & QUADS;
    return ones64(n < 16 ? x & (((uint64_t)1 << 4 * n) - 1) : x);
}

static inline size_t row_size(const Weights *w, const uint8_t *row)
{
    uint64_t codes = load_codes(w, row);
    size_t head = code_bytes(w), n = ones64(codes & codes >> 1 & PAIRS), largest = full(load(row + head), n);
    if (n > 16)
        largest += full(load(row + head + 8), n - 16);
    return head + (n + 1) / 2 + largest;
}

/* Step over the next `rows` rows of some groups that are together in `at`: each on its own, so that the processor has
 * something to do while it waits. False where a row would leave no room for a careless load behind it. */
static inline int step(const Weights *w, size_t *at, size_t groups, size_t rows, size_t room)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < groups; j++) {
            if (at[j] > room)
                return 0;
            at[j] += row_size(w, w->packed + at[j]);
        }
    return 1;
}

/* Walk all rows once: every group ends where the next one starts. */
FAST_WHERE_POSSIBLE static int rows_fit(const Weights *w, size_t number, size_t room)
{
    size_t next = 0, at[TOGETHER];
    for (size_t i = 0, n; i < number; i += n) {
        n = number - i > TOGETHER ? TOGETHER : 1;
        for (size_t j = 0; j < n; j++)
            at[j] = w->groups[i + j];
        if (!(n > 1 ? step(w, at, TOGETHER, GROUP, room) : step(w, at, 1, i + 1 < number ? GROUP : w->columns - i * GROUP, room)))
            return 0;
        for (size_t j = 0; j < n; next = at[j++])
            if (w->groups[i + j] != next)
                return 0;
    }
    return next == room;
}

static const char *read_packed(Weights *w, Array groups, Array packed)
{
    size_t number = (w->columns + GROUP - 1) / GROUP;
    if (groups.size != number * sizeof *w->groups || (uintptr_t)groups.data % sizeof *w->groups)
        return "groups: not one aligned number for eight kept buckets";
    w->groups = groups.data, w->packed = packed.data;
    return packed.size >= PADDING && rows_fit(w, number, packed.size - PADDING) ? NULL : "packed: rows do not stand where groups says";
}

const char *read_weights(Weights *w, const Arrays *from)
{
    const char *wrong = read_unicode(w, from->unicode);
    if (!wrong)
        wrong = read_kept(w, from->kept);
    if (!wrong)
        wrong = read_labels(w, from->labels);
    if (!wrong)
        wrong = read_heads(w, from->scales, from->heads);
    return wrong ? wrong : read_packed(w, from->groups, from->packed);
}

void free_weights(Weights *w)
{
    free(w->cells);
    w->cells = NULL;
}

static int8_t quads[256][4]; /* the first three values of four weights by their codes; 0 where there is more to read */

FAST_WHERE_POSSIBLE void unpack_more(const Weights *w, uint32_t column, int8_t *out)
{
    static const int8_t LARGER[16] = {2, 3, 4, 5, 6, 7, 8, -2, -3, -4, -5, -6, -7, -8, 0, 0};
    const uint8_t *row = w->packed + w->groups[column / GROUP], *nibbles, *largest;
    uint64_t codes, rest;
    for (uint32_t i = column % GROUP; i > 0; i--)
        row += row_size(w, row);
    codes = load_codes(w, row);
    rest = codes & codes >> 1 & PAIRS;
    nibbles = row + code_bytes(w);
    largest = nibbles + (ones64(rest) + 1) / 2;
    for (size_t j = 0; j < MORE / 4; j++)
        memcpy(out + 4 * j, quads[codes >> 8 * j & 255], 4);
    for (size_t n = 0; rest; n++, rest &= rest - 1) { /* the largest are read in any case, which is faster than to ask */
        uint32_t nibble = nibbles[n / 2] >> n % 2 * 4 & 15;
        int8_t last = (int8_t)*largest;
        largest += nibble == 15;
        out[first_bit(rest) / 2] = nibble == 15 ? last : LARGER[nibble];
    }
}

/* Half to single precision; infinity and NaN were refused. */
static inline float widen(uint16_t half)
{
    uint32_t size = half & 0x7FFFu, bits = (size << 13) + (112u << 23);
    float out;
    memcpy(&out, &bits, sizeof out);
    out = size < 0x400u ? (float)size * 0x1p-24f : out;
    return half & 0x8000u ? -out : out;
}

static void widen_in_software(const Row *rows, const uint32_t *columns, size_t n, Wide *out)
{
    for (size_t i = 0; i < n; i++) {
        const Row *row = &rows[columns[i]];
        float idf = widen(row->idf);
        for (int j = 0; j < HEADS; j++)
            out[i].coef[j] = widen(row->coef[j]) * idf;
        out[i].squared_idf = idf * idf;
    }
}

#ifdef HALVES_IN_HARDWARE
__attribute__((target("avx2,f16c"))) static void widen_in_hardware(const Row *rows, const uint32_t *columns, size_t n, Wide *out)
{
    for (size_t i = 0; i < n; i++) {
        const Row *row = &rows[columns[i]];
        __m128 idf = _mm_cvtph_ps(_mm_set1_epi16((short)row->idf));
        _mm_storeu_ps(out[i].coef, _mm_mul_ps(_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)(const void *)row->coef)), idf));
        out[i].squared_idf = _mm_cvtss_f32(_mm_mul_ss(idf, idf));
    }
}
#endif

void widen_rows(const Weights *w, const uint32_t *columns, size_t n, Wide *out)
{
#ifdef HALVES_IN_HARDWARE
    if (__builtin_cpu_supports("avx2")) { /* every such processor also has F16C */
        widen_in_hardware(w->rows, columns, n, out);
        return;
    }
#endif
    widen_in_software(w->rows, columns, n, out);
}

void start_weights(void)
{
    static const int8_t SMALL[4] = {0, 1, -1, 0};
    for (int i = 0; i < 256; i++)
        for (int j = 0; j < 4; j++)
            quads[i][j] = SMALL[i >> 2 * j & 3];
}
