/* Everything about one message. All its known n-grams are noted first, each with its words; then they are weighed row by row:
 * the whole message, each segment, and once more the segments that count most, to lay their weights onto the words. */
#include "grams.h"
#include "table.h"
#include <math.h>

enum { AHEAD = 16, KNOWN_VALUES = 64 };

typedef struct { double head[ALL_HEADS]; } Logits;

typedef struct {
    Message message; /* stands first: a Flush is handed the message */
    size_t grams, known, seen, met;
    Logits whole, strongest;
    size_t strongest_segment[ALL_HEADS];
    Slab slab;
} Run;

static double values[KNOWN_VALUES + 1]; /* 1 + ln k */

void start_descriptions(void)
{
    for (int k = 1; k <= KNOWN_VALUES; k++)
        values[k] = 1 + log(k);
}

/* ---- note ---- */

/* The number of a column within the message. */
static inline uint32_t number_of(Run *run, uint32_t column)
{
    Message *m = &run->message;
    Count *c = place_of(m, column);
    if (c->stamp < m->first_stamp) {
        c->column = column, c->stamp = m->scratch->stamp;
        c->whole = (uint32_t)run->known;
        m->scratch->known[run->known++].column = column;
        m->used++;
        PREFETCH(&m->weights->rows[column]);
        PREFETCH(&m->weights->groups[column / GROUP]);
    }
    return c->whole;
}

FAST_WHERE_POSSIBLE static void note(Message *m, Slab *slab)
{
    Run *run = (Run *)m;
    uint32_t columns[SLAB + 1], at[SLAB + 1];
    size_t n = columns_of(m->weights, slab->buckets, slab->size, columns, at);
    run->seen += slab->size;
    slab->size = 0;
    if (!make_places(m, n))
        return;
    for (size_t i = 0; i < n; i++) {
        Gram gram = {number_of(run, columns[i]), slab->owners[at[i]]};
        m->scratch->grams[run->grams++] = gram;
    }
}

/* Note the n-grams of a block: of each segment those inside, then those that reach into the next. */
static void note_block(Run *run, uint32_t block)
{
    Message *m = &run->message;
    const uint32_t *segments = m->scratch->segments;
    uint32_t *edges = m->scratch->edges + 2 * block * m->segments;
    for (size_t i = 0; i < m->segments; i++) {
        Crossing crossing = {.size = 0};
        *edges++ = (uint32_t)run->grams;
        if (block == BLOCKS - 1)
            char_grams(m, segments[i], segments[i + 1], &run->slab, note, 1);
        else
            word_grams(m, block, segments[i], segments[i + 1], &run->slab, &crossing, note, 1);
        note(m, &run->slab);
        *edges++ = (uint32_t)run->grams;
        memcpy(run->slab.buckets, crossing.buckets, sizeof crossing.buckets);
        memcpy(run->slab.owners, crossing.owners, sizeof crossing.owners);
        run->slab.size = crossing.size;
        note(m, &run->slab);
    }
    *edges = (uint32_t)run->grams;
}

static inline Known *recent(const Run *run, size_t i)
{
    const Scratch *s = run->message.scratch;
    return &s->recent[s->known[i].column % RECENT];
}

static void look_up_weights(Run *run)
{
    const Weights *w = run->message.weights;
    Scratch *s = run->message.scratch;
    for (size_t i = 0; i < run->known; i++) {
        uint32_t column = s->known[i].column;
        Known *k = recent(run, i);
        Wide wide;
        if (i + AHEAD < run->known && recent(run, i + AHEAD)->column != s->known[i + AHEAD].column)
            PREFETCH(w->packed + w->groups[s->known[i + AHEAD].column / GROUP]);
        if (k->column != column) {
            widen_rows(w, &column, 1, &wide);
            memcpy(k->labels, wide.coef, sizeof k->labels);
            k->squared_idf = wide.squared_idf;
            unpack_more(w, column, k->more);
            k->column = column;
        }
        s->known[i] = *k;
        s->counts[i] = 0;
    }
}

/* ---- weigh ---- */

static inline double value_of(uint32_t count) { return count <= KNOWN_VALUES ? values[count] : 1 + log(count); }

/* Count the n-grams low..high, of one block and one row, and work out what each of them adds; undone by `forget`. */
static void count(Run *run, size_t low, size_t high)
{
    Scratch *s = run->message.scratch;
    double norm = 0;
    run->met = 0;
    for (size_t i = low; i < high; i++) {
        uint32_t number = s->grams[i].number;
        s->met[run->met] = number;
        run->met += s->counts[number]++ == 0;
    }
    for (size_t i = 0; i < run->met; i++) {
        double value = value_of(s->counts[s->met[i]]);
        norm += value * value * s->known[s->met[i]].squared_idf;
    }
    norm = sqrt(norm) > 1e-12 ? sqrt(norm) : 1e-12;
    for (size_t i = 0; i < run->met; i++) {
        uint32_t count = s->counts[s->met[i]];
        s->known[s->met[i]].each = count == 1 ? 1 / norm : value_of(count) / count / norm;
    }
}

/* Whole numbers for the columns met once, which all add the same share of their weights, and that is most of them. */
FAST_WHERE_POSSIBLE static void add_up(const Run *run, Logits *logits)
{
    const Scratch *s = run->message.scratch;
    Logits sums = *logits;
    int32_t once[MORE] = {0};
    double each = 0;
    for (size_t i = 0; i < run->met; i++) {
        const Known *k = &s->known[s->met[i]];
        uint32_t count = s->counts[s->met[i]];
        for (int j = 0; j < HEADS; j++)
            sums.head[j] += k->each * count * k->labels[j];
        if (count == 1) {
            each = k->each;
            for (int j = 0; j < MORE; j++)
                once[j] += k->more[j];
            continue;
        }
        for (int j = 0; j < MORE; j++)
            sums.head[HEADS + j] += k->each * count * k->more[j];
    }
    for (int j = 0; j < MORE; j++)
        sums.head[HEADS + j] += each * once[j];
    *logits = sums;
}

static void forget(const Run *run)
{
    Scratch *s = run->message.scratch;
    for (size_t i = 0; i < run->met; i++)
        s->counts[s->met[i]] = 0;
}

static inline double letters(const Scratch *s, size_t token) { return s->tokens[token + 1] - 1 - s->tokens[token]; }

/* Lay what an n-gram of several words adds to the labels onto them, shared out by their lengths. */
static inline void share_out(const Scratch *s, const Known *k, size_t first, size_t end, const double *shares)
{
    double all = 0;
    for (size_t t = first; t < end; t++)
        all += letters(s, t);
    for (size_t t = first; t < end; t++) {
        double part = k->each * (letters(s, t) / all);
        for (int j = 0; j < HEADS; j++)
            s->telling[t][j] += part * k->labels[j] * shares[j];
    }
}

/* Lay what the n-grams low..high add to the labels onto their words. */
FAST_WHERE_POSSIBLE static void lay_out(const Run *run, size_t low, size_t high, const double *shares)
{
    const Scratch *s = run->message.scratch;
    for (size_t i = low; i < high; i++) {
        const Known *k = &s->known[s->grams[i].number];
        size_t first = s->grams[i].owner / 4, words = s->grams[i].owner % 4;
        if (words > 1)
            share_out(s, k, first, first + words, shares);
        else
            for (int j = 0; j < HEADS; j++)
                s->telling[first][j] += k->each * k->labels[j] * shares[j];
    }
}

static size_t edge(const Run *run, size_t block, size_t segment, size_t side)
{
    return run->message.scratch->edges[2 * (block * run->message.segments + segment) + side];
}

static void scale(const Weights *w, Logits *logits)
{
    for (size_t j = 0; j < w->more; j++)
        logits->head[HEADS + j] *= w->scales[j];
}

static void weigh_whole(Run *run)
{
    const Message *m = &run->message;
    double shares[HEADS];
    for (int j = 0; j < HEADS; j++)
        shares[j] = m->several ? 1 - m->weights->heads[j].share : 1;
    for (size_t block = 0; block < BLOCKS; block++) {
        size_t low = edge(run, block, 0, 0), high = edge(run, block + 1, 0, 0);
        count(run, low, high);
        add_up(run, &run->whole);
        lay_out(run, low, high, shares);
        forget(run);
    }
    scale(m->weights, &run->whole);
    run->strongest = run->whole;
}

static void weigh_segment(Run *run, size_t segment)
{
    Logits logits = {{0}};
    for (size_t block = 0; block < BLOCKS; block++) {
        count(run, edge(run, block, segment, 0), edge(run, block, segment, 1));
        add_up(run, &logits);
        forget(run);
    }
    scale(run->message.weights, &logits);
    for (size_t j = 0; j < ALL_HEADS; j++) {
        if (segment > 0 && logits.head[j] <= run->strongest.head[j])
            continue;
        run->strongest.head[j] = logits.head[j];
        run->strongest_segment[j] = segment;
    }
}

/* What the strongest segment adds to its words, for each label that listens to segments. */
static void lay_out_strongest(Run *run)
{
    for (size_t j = 0; j < HEADS; j++) {
        double shares[HEADS] = {0};
        size_t segment = run->strongest_segment[j];
        shares[j] = run->message.weights->heads[j].share;
        for (size_t block = 0; block < BLOCKS && shares[j] != 0; block++) {
            size_t low = edge(run, block, segment, 0), high = edge(run, block, segment, 1);
            count(run, low, high);
            lay_out(run, low, high, shares);
            forget(run);
        }
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
        out->chances[j] = chance_of(&m->weights->heads[j], run->whole.head[j], run->strongest.head[j]);
    if (out->chances[2] > out->chances[1]) /* a bluff is never likelier than a threat */
        out->chances[2] = out->chances[1];
    out->visible = m->tokens ? m->scratch->tokens[m->tokens] - 1 - m->tokens : 0;
    out->grams = run->seen, out->known = run->grams;
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
    hash_tokens(&run.message);
    start_counts(&run.message);
    scratch->stamp++;
    for (uint32_t block = 0; block < BLOCKS; block++)
        note_block(&run, block);
    if (run.message.failed)
        return 0;
    look_up_weights(&run);
    memset(scratch->telling, 0, run.message.tokens * sizeof *scratch->telling);
    weigh_whole(&run);
    for (size_t i = 0; run.message.several && i < run.message.segments; i++)
        weigh_segment(&run, i);
    if (run.message.several)
        lay_out_strongest(&run);
    tell(&run, out);
    return 1;
}
