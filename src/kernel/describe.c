/* Everything about one message. Its n-grams are weighed as they are met, in the message and in their segment; those that are not
 * part of a word's are noted. Then what they add, in the message and in the segments that count most, is laid onto the words. */
#include "totals.h"
#include "words.h"
#include <stddef.h>

typedef struct { double head[ALL_HEADS]; } Logits;

typedef struct { /* of one block; what the other heads' weights, which are whole numbers, add up to, and what is settled of it */
    Total labels;
    int32_t sums[MORE];
    double settled[MORE];
} Tally;

typedef struct {
    Message message; /* stands first: a Flush is handed the message */
    Tally whole[BLOCKS], part, *now; /* as in score.c */
    size_t seen, known, grams;       /* n-grams; those that training kept; those that are noted */
    Logits logits, strongest;
    size_t strongest_segment[ALL_HEADS];
    Slab slab;
} Run;

/* ---- weigh ---- */

/* 16 bits hold the sum of a slab, or of a word, of 8 bits. */
static inline void add_sums(Run *run, const Total *labels, const int16_t *more)
{
    add_total(&run->now->labels, labels);
    add_total(&run->part.labels, labels);
    for (int j = 0; j < MORE; j++)
        run->now->sums[j] += more[j], run->part.sums[j] += more[j];
}

FAST_WHERE_POSSIBLE static void flush(Message *m, Slab *slab)
{
    Run *run = (Run *)m;
    uint32_t columns[SLAB + 1], at[SLAB + 1];
    Total labels = {{0}, 0};
    int16_t more[MORE] = {0};
    size_t n = columns_of(m->weights, slab->buckets, slab->size, columns, at);
    fetch_known(m, columns, n);
    for (size_t i = 0; i < n; i++) {
        const Known *known = known_of(m, columns[i]);
        Gram *gram = &m->scratch->grams[run->grams++];
        gram->column = columns[i], gram->owner = slab->owners[at[i]];
        memcpy(gram->coef, known->coef, sizeof gram->coef);
        add_row(&labels, known->coef, known->squared_idf);
        for (int j = 0; j < MORE; j++)
            more[j] = (int16_t)(more[j] + known->more[j]);
    }
    add_sums(run, &labels, more);
    count(m, columns, n);
    run->seen += slab->size, run->known += n;
    slab->size = 0;
}

static inline void take(Message *m, const Word *word)
{
    Run *run = (Run *)m;
    add_sums(run, &word->total, more_of_word(word));
    run->seen += char_grams_of(word->length), run->known += word->columns;
}

/* Settle columns that were met again, in the tallies of their blocks. */
FAST_WHERE_POSSIBLE static void settle(const Run *run, const uint32_t *columns, size_t n, Tally *tallies, int part)
{
    const Message *m = &run->message;
    fetch_known(m, columns, n);
    for (size_t i = 0; i < n; i++) {
        const Known *known = known_of(m, columns[i]);
        Tally *tally = part ? tallies : &tallies[block_of(m->weights, columns[i])];
        Settling settling = settling_of(times(m, columns[i], part));
        settle_row(&tally->labels, known->coef, known->squared_idf, settling);
        for (int j = 0; j < MORE; j++)
            tally->settled[j] += settling.value * known->more[j];
    }
}

static inline double close_tally(const Tally *tally, Logits *logits)
{
    double norm = inverse_norm(&tally->labels);
    for (int j = 0; j < HEADS; j++)
        logits->head[j] += norm * tally->labels.sum[j];
    for (int j = 0; j < MORE; j++)
        logits->head[HEADS + j] += norm * (tally->sums[j] - tally->settled[j]);
    return norm;
}

static void scale(const Weights *w, Logits *logits)
{
    for (size_t j = 0; j < w->more; j++)
        logits->head[HEADS + j] *= w->scales[j];
}

FAST_WHERE_POSSIBLE static void weigh_segment(Run *run, size_t segment)
{
    Message *m = &run->message;
    Scratch *s = m->scratch;
    const size_t low = s->segments[segment], high = s->segments[segment + 1];
    Logits logits = {{0}};
    m->stamp++;
    fetch_words(m, low, high);
    for (uint32_t block = 0; block < BLOCKS; block++) {
        run->now = &run->whole[block];
        block_grams(m, block, low, high, &run->slab, flush, take, 1);
        s->edges[segment * BLOCKS + block + 1] = (uint32_t)run->grams;
        settle(run, s->part_again, m->part_again, &run->part, 1);
        s->norms[segment][block] = close_tally(&run->part, &logits);
        m->part_again = 0;
        memset(&run->part, 0, sizeof run->part);
    }
    scale(m->weights, &logits);
    for (size_t j = 0; j < ALL_HEADS; j++) {
        if (segment > 0 && logits.head[j] <= run->strongest.head[j])
            continue;
        run->strongest.head[j] = logits.head[j];
        run->strongest_segment[j] = segment;
    }
}

static void weigh_crossings(Run *run)
{
    Message *m = &run->message;
    for (uint32_t block = 0; block < BLOCKS - 1; block++) {
        run->now = &run->whole[block];
        crossing_grams(m, block, &run->slab, flush, 1);
        m->scratch->edges[m->segments * BLOCKS + block + 1] = (uint32_t)run->grams;
    }
}

static void weigh(Run *run)
{
    Message *m = &run->message;
    m->scratch->edges[0] = 0;
    for (size_t i = 0; i < m->segments; i++)
        weigh_segment(run, i);
    weigh_crossings(run);
    settle(run, m->scratch->again, m->again, run->whole, 0);
    for (uint32_t block = 0; block < BLOCKS; block++)
        close_tally(&run->whole[block], &run->logits);
    scale(m->weights, &run->logits);
    if (!m->several)
        run->strongest = run->logits;
}

/* ---- lay out ---- */

typedef struct { /* what is laid onto the words: of the message, or of one segment */
    double shares[HEADS], norms[BLOCKS];
    int part;
} Layer;

static inline void lay(double *onto, const Layer *layer, const float *coef, double each)
{
    for (int j = 0; j < HEADS; j++)
        onto[j] += each * coef[j] * layer->shares[j];
}

/* The noted n-grams low..high, shared out by the lengths of their words. */
static inline void lay_grams(const Message *m, const Layer *layer, uint32_t block, size_t low, size_t high)
{
    const Scratch *s = m->scratch;
    for (size_t i = low; i < high; i++) {
        const Gram *gram = &s->grams[i];
        size_t first = gram->owner / 4, end = first + gram->owner % 4, all = 0;
        double each = layer->norms[block] * settling_of(times(m, gram->column, layer->part)).share;
        for (size_t t = first; t < end; t++)
            all += letters(s, t);
        for (size_t t = first; t < end; t++)
            lay(s->telling[t], layer, gram->coef, each * ((double)letters(s, t) / (double)all));
    }
}

/* The n-grams of characters of a word: all as if they stood once, less what those that do not have too much. */
FAST_WHERE_POSSIBLE static void lay_word(const Message *m, const Layer *layer, size_t token)
{
    const Word *word = word_of(m, token, 1);
    const uint32_t *columns = columns_of_word(word);
    const double norm = layer->norms[BLOCKS - 1];
    double *onto = m->scratch->telling[token];
    uint32_t again[MOST_COLUMNS + 1], counts[MOST_COLUMNS + 1];
    Wide rows[MOST_COLUMNS];
    size_t n = 0;
    for (int j = 0; j < HEADS; j++)
        onto[j] += norm * word->total.sum[j] * layer->shares[j];
    for (size_t i = 0; i < word->columns; i++) {
        again[n] = columns[i], counts[n] = times(m, columns[i], layer->part);
        n += counts[n] > 1;
    }
    widen_rows(m->weights, again, n, rows);
    for (size_t i = 0; i < n; i++)
        lay(onto, layer, rows[i].coef, norm * (settling_of(counts[i]).share - 1));
}

FAST_WHERE_POSSIBLE static void lay_segment(const Message *m, const Layer *layer, size_t segment)
{
    const Scratch *s = m->scratch;
    const uint32_t *edges = s->edges + segment * BLOCKS;
    for (uint32_t block = 0; block < BLOCKS; block++)
        lay_grams(m, layer, block, edges[block], edges[block + 1]);
    for (size_t t = s->segments[segment]; t < s->segments[segment + 1]; t++)
        if (letters(s, t) <= LONGEST_WORD)
            lay_word(m, layer, t);
}

/* What the whole message gives to its words. */
static void lay_whole(const Run *run)
{
    const Message *m = &run->message;
    const uint32_t *edges = m->scratch->edges + m->segments * BLOCKS;
    Layer layer = {.part = 0};
    for (int j = 0; j < HEADS; j++)
        layer.shares[j] = m->several ? 1 - m->weights->heads[j].share : 1;
    for (uint32_t block = 0; block < BLOCKS; block++)
        layer.norms[block] = inverse_norm(&run->whole[block].labels);
    for (size_t i = 0; i < m->segments; i++)
        lay_segment(m, &layer, i);
    for (uint32_t block = 0; block < BLOCKS - 1; block++)
        lay_grams(m, &layer, block, edges[block], edges[block + 1]);
}

static inline void count_column(const Message *m, uint32_t column)
{
    count_part(place_of(m->table, m->mask, key_of(m, column)), m->stamp << COUNT_BITS);
}

/* Count a segment once more. */
static inline void count_segment(Message *m, size_t segment)
{
    Scratch *s = m->scratch;
    m->stamp++;
    for (size_t i = s->edges[segment * BLOCKS]; i < s->edges[(segment + 1) * BLOCKS]; i++)
        count_column(m, s->grams[i].column);
    for (size_t t = s->segments[segment]; t < s->segments[segment + 1]; t++) {
        const Word *word = letters(s, t) <= LONGEST_WORD ? word_of(m, t, 1) : NULL;
        for (size_t i = 0; word && i < word->columns; i++)
            count_column(m, columns_of_word(word)[i]);
    }
}

/* What a segment gives to its words, for the labels that are strongest in it. */
static void lay_part(Run *run, size_t segment)
{
    Message *m = &run->message;
    Layer layer = {.part = 1};
    for (int j = 0; j < HEADS; j++)
        layer.shares[j] = run->strongest_segment[j] == segment ? m->weights->heads[j].share : 0;
    memcpy(layer.norms, m->scratch->norms[segment], sizeof layer.norms);
    count_segment(m, segment);
    lay_segment(m, &layer, segment);
}

static void lay_out(Run *run)
{
    const Message *m = &run->message;
    memset(m->scratch->telling, 0, m->tokens * sizeof *m->scratch->telling);
    lay_whole(run);
    for (int j = 0; m->several && j < HEADS; j++) {
        int done = 0;
        for (int i = 0; i < j; i++)
            done |= run->strongest_segment[i] == run->strongest_segment[j];
        if (!done)
            lay_part(run, run->strongest_segment[j]);
    }
}

/* ---- tell ---- */

/* Of the tokens first..end, at least one. */
static Span span_of(const Scratch *s, size_t first, size_t end)
{
    Span span = {s->places[s->tokens[first]], s->places[s->tokens[end] - 2] + 1, 0};
    return span;
}

/* Put a span where it belongs by its weight, behind its equals; the weakest falls off the end. */
static void rank(Span *spans, size_t *n, Span span)
{
    size_t at = *n;
    while (at > 0 && spans[at - 1].weight < span.weight)
        at--;
    if (at == MAX_SPANS)
        return;
    *n += *n < MAX_SPANS;
    memmove(spans + at + 1, spans + at, (*n - at - 1) * sizeof *spans);
    spans[at] = span;
}

/* Words that push towards the label, neighbours joined. */
static void tell_words(const Run *run, size_t label, Description *out)
{
    const Scratch *s = run->message.scratch;
    double slope = run->message.weights->heads[label].slope, least = 0;
    for (size_t t = 0; t < run->message.tokens; t++)
        least = fmax(least, s->telling[t][label] * slope);
    least = fmax(0.3 * least, 1e-3);
    for (size_t t = 0, end; t < run->message.tokens; t = end + 1) {
        double sum = 0;
        Span span;
        for (end = t; end < run->message.tokens && s->telling[end][label] * slope >= least; end++)
            sum += s->telling[end][label] * slope;
        if (end == t)
            continue;
        span = span_of(s, t, end);
        span.weight = nearbyint(sum * 1e4) / 1e4;
        rank(out->telling[label], &out->telling_count[label], span);
    }
}

static void tell(const Run *run, Description *out)
{
    const Message *m = &run->message;
    for (size_t j = 0; j < HEADS + m->weights->more; j++)
        out->chances[j] = chance_of(&m->weights->heads[j], run->logits.head[j], run->strongest.head[j]);
    if (out->chances[2] > out->chances[1]) /* a bluff is never likelier than a threat */
        out->chances[2] = out->chances[1];
    out->visible = visible(m);
    out->grams = run->seen, out->known = run->known;
    out->segments = m->segments;
    for (size_t i = 0; i < m->segments; i++)
        m->scratch->spans[i] = span_of(m->scratch, m->scratch->segments[i], m->scratch->segments[i + 1]);
    for (size_t j = 0; j < m->weights->more; j++)
        out->strongest[j] = run->strongest_segment[HEADS + j];
    for (size_t j = 0; j < HEADS; j++)
        tell_words(run, j, out);
}

int describe_message(const Weights *weights, Scratch *scratch, uint32_t *points, size_t size, Description *out)
{
    Run run;
    memset(&run, 0, offsetof(Run, slab));
    memset(out, 0, sizeof *out);
    run.slab.size = 0;
    run.message.weights = weights, run.message.scratch = scratch;
    read_text_traced(&run.message, points, size);
    if (!start_counts(&run.message))
        return 0;
    hash_tokens(&run.message);
    weigh(&run);
    if (run.message.failed)
        return 0;
    lay_out(&run);
    tell(&run, out);
    return 1;
}
