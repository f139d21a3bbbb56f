/* The labels' probabilities. */
#include "totals.h"
#include "words.h"
#include <stddef.h>

typedef struct {
    Message message; /* stands first: a Flush is handed the message */
    Total whole[BLOCKS], part, *now; /* of the message by blocks; of a block of the segment; of the block at hand */
    double strongest[HEADS];
    Slab slab;
} Run;

FAST_WHERE_POSSIBLE static void flush(Message *m, Slab *slab)
{
    Run *run = (Run *)m;
    uint32_t columns[SLAB + 1];
    Wide rows[SLAB];
    Total sums = {{0}, 0};
    size_t n = columns_of(m->weights, slab->buckets, slab->size, columns, NULL);
    widen_rows(m->weights, columns, n, rows);
    for (size_t i = 0; i < n; i++)
        add_row(&sums, rows[i].coef, rows[i].squared_idf);
    add_total(run->now, &sums);
    add_total(&run->part, &sums);
    count(m, columns, n);
    slab->size = 0;
}

static inline void take(Message *m, const Word *word)
{
    Run *run = (Run *)m;
    add_total(run->now, &word->total);
    add_total(&run->part, &word->total);
}

/* Settle columns that were met again, in the totals of their blocks. */
static inline void settle(const Run *run, const uint32_t *columns, size_t n, Total *totals, int part)
{
    const Message *m = &run->message;
    Wide rows[SLAB];
    for (size_t low = 0, size; low < n; low += size) {
        size = n - low < SLAB ? n - low : SLAB;
        widen_rows(m->weights, columns + low, size, rows);
        for (size_t i = 0; i < size; i++) {
            uint32_t column = columns[low + i];
            Total *total = part ? totals : &totals[block_of(m->weights, column)];
            settle_row(total, rows[i].coef, rows[i].squared_idf, settling_of(times(m, column, part)));
        }
    }
}

static inline void close_total(const Total *total, double *logits)
{
    double scale = inverse_norm(total);
    for (int j = 0; j < HEADS; j++)
        logits[j] += total->sum[j] * scale;
}

/* Sum up one segment, block by block; the message's strongest is kept. */
FAST_WHERE_POSSIBLE static void sum_segment(Run *run, size_t segment)
{
    Message *m = &run->message;
    const size_t low = m->scratch->segments[segment], high = m->scratch->segments[segment + 1];
    double logits[HEADS] = {0};
    m->stamp++;
    fetch_words(m, low, high);
    for (uint32_t block = 0; block < BLOCKS; block++) {
        run->now = &run->whole[block];
        block_grams(m, block, low, high, &run->slab, flush, take, 0);
        settle(run, m->scratch->part_again, m->part_again, &run->part, 1);
        close_total(&run->part, logits);
        m->part_again = 0;
        memset(&run->part, 0, sizeof run->part);
    }
    for (int j = 0; j < HEADS; j++)
        if (segment == 0 || logits[j] > run->strongest[j])
            run->strongest[j] = logits[j];
}

/* The n-grams that stand in no segment count for the message. */
static void sum_crossings(Run *run)
{
    Message *m = &run->message;
    for (uint32_t block = 0; block < BLOCKS - 1; block++) {
        run->now = &run->whole[block];
        crossing_grams(m, block, &run->slab, flush, 0);
    }
}

static void finish(Run *run, float *out)
{
    double logits[HEADS] = {0};
    for (uint32_t block = 0; block < BLOCKS; block++)
        close_total(&run->whole[block], logits);
    for (int j = 0; j < HEADS; j++)
        out[j] = (float)chance_of(&run->message.weights->heads[j], logits[j], run->message.several ? run->strongest[j] : logits[j]);
    if (out[2] > out[1]) /* a bluff is never likelier than a threat */
        out[2] = out[1];
}

int score_message(const Weights *weights, Scratch *scratch, uint32_t *points, size_t size, float *out)
{
    Run run;
    memset(&run, 0, offsetof(Run, slab));
    run.slab.size = 0;
    run.message.weights = weights, run.message.scratch = scratch;
    read_text(&run.message, points, size);
    if (!start_counts(&run.message))
        return 0;
    hash_tokens(&run.message);
    for (size_t i = 0; i < run.message.segments; i++)
        sum_segment(&run, i);
    sum_crossings(&run);
    settle(&run, scratch->again, run.message.again, run.whole, 0);
    finish(&run, out);
    return !run.message.failed;
}
