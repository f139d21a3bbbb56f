/* count: buckets -> columns -> running term counts, weighted sums and norms, of the message and of the segment.
 * What the first occurrence of a column adds is the same for both, so it is added once, to `both`. */
#include "grams.h"
#include "table.h"
#include <math.h>
#include <stddef.h>

enum { KNOWN_GAINS = 64 };

typedef struct { double sum[HEADS], norm, nothing; } Total; /* the weighted sums, the squared norm; even numbers vectorise */

typedef struct {
    Message message; /* stands first: a Flush is handed the message */
    int in_part;     /* what is counted stands in the segment, and the message has several */
    Total both, whole, part;
    Slab slab;
} Run;

static double gains[KNOWN_GAINS], norm_gains[KNOWN_GAINS]; /* what the k-th occurrence adds to 1 + ln k and to its square */

/* (1 + ln k) - (1 + ln(k - 1)) and the same of the squares, so that sum and norm are exact after every occurrence. */
static void compute_gains(uint32_t k, double *gain, double *norm_gain)
{
    double now = 1 + log(k), before = k > 1 ? 1 + log(k - 1) : 0;
    *gain = now - before;
    *norm_gain = now * now - before * before;
}

void start_scores(void)
{
    for (uint32_t k = 1; k <= KNOWN_GAINS; k++)
        compute_gains(k, &gains[k - 1], &norm_gains[k - 1]);
}

static inline void add_row(Total *total, const Wide *row, double gain, double norm_gain)
{
    for (int j = 0; j < HEADS; j++)
        total->sum[j] += gain * row->coef[j];
    total->norm += norm_gain * row->squared_idf;
}

static inline void add_again(Total *total, const Wide *row, uint32_t k)
{
    double gain, norm_gain;
    if (k > KNOWN_GAINS)
        compute_gains(k, &gain, &norm_gain);
    else
        gain = gains[k - 1], norm_gain = norm_gains[k - 1];
    add_row(total, row, gain, norm_gain);
}

/* A column met again, in the message or in the segment. */
static inline void count_again(Run *run, Count *c, const Wide *row)
{
    uint32_t stamp = run->message.scratch->stamp;
    add_again(&run->whole, row, ++c->whole);
    if (!run->in_part)
        return;
    if (c->stamp != stamp)
        c->stamp = stamp, c->part = 0;
    add_again(&run->part, row, ++c->part);
}

/* Count the columns; the places of those met for the first time are written to `fresh`, and their number is the answer. */
static inline size_t count(Run *run, const uint32_t *columns, const Wide *rows, size_t n, uint32_t *fresh)
{
    const uint32_t stamp = run->message.scratch->stamp;
    size_t found = 0;
    if (!make_places(&run->message, n))
        return 0;
    for (size_t i = 0; i < n; i++) {
        Count *c = place_of(&run->message, columns[i]);
        if (c->stamp >= run->message.first_stamp) {
            count_again(run, c, &rows[i]);
            continue;
        }
        fresh[found++] = (uint32_t)i;
        c->column = columns[i], c->stamp = stamp, c->whole = 1, c->part = run->in_part != 0;
    }
    run->message.used += found;
    return found;
}

/* Turn the buckets of the slab into columns, count them and add up their weights. */
FAST_WHERE_POSSIBLE static void flush(Message *m, Slab *slab)
{
    Run *run = (Run *)m;
    uint32_t columns[SLAB + 1], fresh[SLAB];
    Wide rows[SLAB];
    size_t n = columns_of(m->weights, slab->buckets, slab->size, columns, NULL);
    Total sums;
    for (size_t i = 0; i < n; i++)
        PREFETCH(m->weights->rows + columns[i]);
    widen_rows(m->weights, columns, n, rows);
    n = count(run, columns, rows, n, fresh);
    sums = run->in_part ? run->both : run->whole;
    for (size_t i = 0; i < n; i++)
        add_row(&sums, &rows[fresh[i]], 1, 1);
    *(run->in_part ? &run->both : &run->whole) = sums;
    slab->size = 0;
}

/* Add a total, by its norm, to the sums of a row. */
static void close_total(const Total *total, double *sums)
{
    double norm = sqrt(total->norm);
    norm = norm > 1e-12 ? norm : 1e-12;
    for (int j = 0; j < HEADS; j++)
        sums[j] += total->sum[j] / norm;
}

/* The segment is complete: what it has in common with the message goes to both. */
static void close_part(Run *run, double *sums)
{
    for (int j = 0; j < HEADS; j++) {
        run->part.sum[j] += run->both.sum[j];
        run->whole.sum[j] += run->both.sum[j];
    }
    run->part.norm += run->both.norm;
    run->whole.norm += run->both.norm;
    close_total(&run->part, sums);
    memset(&run->part, 0, sizeof run->part);
    memset(&run->both, 0, sizeof run->both);
}

static void sum_block(Run *run, uint32_t block, double *whole)
{
    Message *m = &run->message;
    Scratch *s = m->scratch;
    Crossing crossing = {.size = 0};
    start_counts(m);
    memset(&run->whole, 0, sizeof run->whole);
    for (size_t i = 0; i < m->segments; i++) {
        s->stamp++;
        run->in_part = m->several;
        if (block == BLOCKS - 1)
            char_grams(m, s->segments[i], s->segments[i + 1], &run->slab, flush, 0);
        else
            word_grams(m, block, s->segments[i], s->segments[i + 1], &run->slab, &crossing, flush, 0);
        flush(m, &run->slab);
        close_part(run, s->parts[i]);
        run->in_part = 0;
        memcpy(run->slab.buckets, crossing.buckets, sizeof crossing.buckets);
        run->slab.size = crossing.size;
        flush(m, &run->slab);
    }
    close_total(&run->whole, whole);
}

double chance_of(const Head *head, double whole, double strongest)
{
    double z = head->slope * (whole + head->share * (strongest - whole)) + head->offset;
    return 1 / (1 + exp(-(z < -40 ? -40 : z > 40 ? 40 : z)));
}

static void finish(const Message *m, const double *whole, float *out)
{
    for (int j = 0; j < HEADS; j++) {
        double strongest = whole[j];
        for (size_t i = 0; m->several && i < m->segments; i++)
            if (i == 0 || m->scratch->parts[i][j] > strongest)
                strongest = m->scratch->parts[i][j];
        out[j] = (float)chance_of(&m->weights->heads[j], whole[j], strongest);
    }
    if (out[2] > out[1]) /* a bluff is never likelier than a threat */
        out[2] = out[1];
}

int score_message(const Weights *weights, Scratch *scratch, uint32_t *points, size_t size, float *out)
{
    Run run;
    double whole[HEADS] = {0};
    memset(&run, 0, offsetof(Run, slab));
    run.slab.size = 0;
    run.message.weights = weights, run.message.scratch = scratch;
    read_text(&run.message, points, size);
    memset(scratch->parts, 0, run.message.segments * sizeof *scratch->parts);
    hash_tokens(&run.message);
    for (uint32_t block = 0; block < BLOCKS; block++)
        sum_block(&run, block, whole);
    finish(&run.message, whole, out);
    return !run.message.failed;
}
