/* The n-grams of a segment, as buckets, written into a slab; whoever includes this says what is done with a full one.
 * `traced`: also note the words that each n-gram stands for. Both ways are compiled from the same lines. */
#ifndef GRAMS_H
#define GRAMS_H
#include "message.h"

enum { SLAB = 256 };
#define BASE 0x9E3779B97F4A7C15u
#define PAIR 0xC2B2AE3D27D4EB4Fu
#define MIX 0xD6E8FEB86659FD93u

typedef struct { uint32_t buckets[SLAB], owners[SLAB]; size_t size; } Slab; /* owner: first token * 4 + number of tokens */
typedef void (*Flush)(Message *m, Slab *slab);

static inline uint64_t half_mix(uint64_t h)
{
    h = (h ^ h >> 32) * MIX;
    return (h ^ h >> 32) * MIX;
}

static inline uint64_t mix(uint64_t h)
{
    h = half_mix(h);
    return h ^ h >> 32;
}

/* The last step of the mix leaves the upper 32 bits alone, and a bucket is the upper 20. */
static inline uint32_t bucket(uint64_t h, uint32_t block) { return (uint32_t)(half_mix(h) >> (64 - BITS)) + block * BUCKETS; }

static inline void hash_tokens(const Message *m)
{
    Scratch *s = m->scratch;
    for (size_t t = 0; t < m->tokens; t++) {
        uint64_t sum = 0, stem = 0, power = 1;
        for (uint32_t i = s->tokens[t]; i < s->tokens[t + 1] - 1; i++, power *= BASE) {
            sum += code_of(s->line[i]) * power;
            if (i - s->tokens[t] < STEM)
                stem = sum;
        }
        s->hashes[t] = mix(sum);
        s->stems[t] = mix(stem) + 99;
        PREFETCH(&s->word_places[s->hashes[t] % WORDS]);
    }
}

static inline int is_caps(const Scratch *s, size_t t)
{
    uint32_t all = UPPER;
    for (uint32_t i = s->tokens[t]; i < s->tokens[t + 1] - 1; i++)
        all &= s->line[i];
    return all && letters(s, t) >= 3;
}

static inline void put(Slab *slab, uint32_t number, size_t token, size_t tokens, int traced)
{
    if (traced)
        slab->owners[slab->size] = (uint32_t)(token * 4 + tokens);
    slab->buckets[slab->size++] = number;
}

static inline uint32_t pair_bucket(const uint64_t *hashes, size_t t, size_t step, uint32_t block)
{
    return bucket(hashes[t] * PAIR + hashes[t + step] + 101 + step, block);
}

/* Tokens, neighbours and pairs with one between, of the tokens low..high: one segment. */
static inline void word_grams(Message *m, uint32_t block, size_t low, size_t high, Slab *slab, Flush flush, int traced)
{
    const uint64_t *h = block ? m->scratch->stems : m->scratch->hashes;
    for (size_t t = low; t < high; t++) {
        if (slab->size > SLAB - 4)
            flush(m, slab);
        put(slab, bucket(h[t] + 101, block), t, 1, traced);
        for (size_t step = 1; step <= 2 && t + step < high; step++)
            put(slab, pair_bucket(h, t, step, block), t, step + 1, traced);
        if (!block && is_caps(m->scratch, t))
            put(slab, bucket(7 + 106, block), t, 1, traced);
    }
}

/* The pairs that reach from a segment into the next. */
static inline void crossing_grams(Message *m, uint32_t block, Slab *slab, Flush flush, int traced)
{
    const uint64_t *h = block ? m->scratch->stems : m->scratch->hashes;
    for (size_t i = 0; i + 1 < m->segments; i++) {
        size_t low = m->scratch->segments[i], high = m->scratch->segments[i + 1];
        if (slab->size > SLAB - 3)
            flush(m, slab);
        for (size_t t = high - low > 2 ? high - 2 : low; t < high; t++)
            for (size_t step = high - t; step <= 2 && t + step < m->tokens; step++)
                put(slab, pair_bucket(h, t, step, block), t, step + 1, traced);
    }
    flush(m, slab);
}

/* n-grams of 2 to LONGEST characters of each token, with one space on each side: none reaches over a space.
 * All are computed and those that do are written over by the next, which is faster than to ask. */
static inline void char_grams(Message *m, size_t low, size_t high, Slab *slab, Flush flush, int traced)
{
    const Scratch *s = m->scratch;
    const uint32_t *end = s->line + s->tokens[high] - 1;
    size_t token = low;
    for (const uint32_t *at = s->line + s->tokens[low] - 1; at < end; at++) {
        uint64_t h = mix(code_of(at[0]) + (uint64_t)0x1234567u);
        size_t valid = 1;
        if (slab->size > SLAB - LONGEST)
            flush(m, slab);
        if (traced)
            token += code_of(at[0]) == ' ';
        for (size_t k = 2; k <= LONGEST; k++) {
            uint32_t code = code_of(at[k - 1]);
            h = (h ^ code) * BASE;
            h ^= h >> 29;
            slab->buckets[slab->size] = bucket(h + k, BLOCKS - 1);
            if (traced)
                slab->owners[slab->size] = (uint32_t)(token - 1) * 4 + 1; /* the first space has made it one more */
            slab->size += valid;
            valid &= code != ' ';
        }
    }
}
#endif
