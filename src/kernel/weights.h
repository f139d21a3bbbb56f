/* The model's arrays. Only the cells are owned; everything else is read where it stands, as a rule in the file's bytes. */
#ifndef WEIGHTS_H
#define WEIGHTS_H
#include "kernel.h"
#include <string.h>

enum { CELLS = (BLOCKS << BITS) / 32, PAGES = 0x1100, PAGE = 256, GROUP = 8, PADDING = 32 };

typedef struct { uint32_t bits, rank; } Cell; /* which of 32 buckets are kept, and the column of the first one kept */
typedef struct { double share, slope, offset; } Head;
typedef struct { uint16_t coef[HEADS], idf; } Row; /* half precision */
typedef struct { const void *data; size_t size; } Array;

typedef struct { /* in the order in which Scorer takes them */
    Array unicode, kept, labels, groups, packed, scales, heads;
} Arrays;

typedef struct {
    const uint16_t *page_of; /* the page of each 256 code points */
    const uint32_t *pages;   /* entry minus code point */
    Cell *cells;
    const Row *rows;         /* one a column */
    const uint32_t *groups;  /* where each eighth row of the other heads starts in `packed` */
    const uint8_t *packed;
    const float *scales;
    size_t columns, more;
    Head heads[ALL_HEADS];
} Weights;

/* Check everything that is read later without a question; NULL, or what is wrong. */
const char *read_weights(Weights *weights, const Arrays *from);
void free_weights(Weights *weights);
void start_weights(void); /* fill the tables; once */

/* The weights of the other heads for one column, in units of their scales. */
void unpack_more(const Weights *weights, uint32_t column, int8_t *out);

static inline uint32_t entry_of(const Weights *w, uint32_t point)
{
    return w->pages[(uint32_t)w->page_of[point / PAGE] * PAGE + point % PAGE] + point;
}

/* Columns of the buckets that training kept; `at` tells which of the buckets each stands for, unless it is NULL. */
static inline size_t columns_of(const Weights *w, const uint32_t *buckets, size_t size, uint32_t *columns, uint32_t *at)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        Cell cell = w->cells[buckets[i] >> 5];
        uint32_t bit = (uint32_t)1 << (buckets[i] & 31);
        columns[n] = cell.rank + ones(cell.bits & (bit - 1));
        PREFETCH(&w->rows[columns[n]]);
        if (at)
            at[n] = (uint32_t)i;
        n += (cell.bits & bit) != 0;
    }
    return n;
}

/* Which block a column belongs to. */
static inline uint32_t block_of(const Weights *w, uint32_t column)
{
    return (uint32_t)(column >= w->cells[BUCKETS / 32].rank) + (column >= w->cells[2 * BUCKETS / 32].rank);
}

typedef struct { float coef[HEADS], squared_idf; } Wide; /* weights times idf, in single precision */
void widen_rows(const Weights *weights, const uint32_t *columns, size_t n, Wide *out);
#endif
