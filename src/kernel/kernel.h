/* What the parts of the kernel share. Its numbers are those of normalize.py, segment.py, features.py, vectors.py and
 * explain.py, which define them.
 *
 *   weights      the model's arrays, read where they stand
 *   text         code points -> folded code points, tokens, segments
 *   grams.h      tokens -> buckets of n-grams, in slabs that stay in the cache
 *   words        a word met before -> the sums of its n-grams of characters
 *   table        columns -> counts, in the message and in the segment
 *   totals       weighted sums -> logits, probabilities
 *   score        the labels' probabilities of one message of many
 *   describe     everything about one message: all heads, coverage, where each head is strongest, the telling words
 *   scratch      memory, which grows with the longest message only
 *   module       Python
 *
 * All hashing is unsigned 64-bit arithmetic; sums are double. Nothing but `module` needs the GIL.
 */
#ifndef KERNEL_H
#define KERNEL_H
#include <stddef.h>
#include <stdint.h>

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

enum { HEADS = 4, MORE = 32, ALL_HEADS = HEADS + MORE };
enum { BLOCKS = 3, BITS = 20, STEM = 5, LONGEST = 5, MIN_SEGMENT = 8, MAX_CHARACTERS = 100000, MAX_SPANS = 8 };
enum { DELETE, SPACE, WORD, PUNCTUATION, SYMBOL };
#define BUCKETS ((uint32_t)1 << BITS)
#define CODE 0x1FFFFFu
#define UPPER ((uint32_t)1 << 24)
#define DROPPED ((uint32_t)1 << 25)
#define LINK_MARK (0xE000u | (uint32_t)SYMBOL << 21)

static inline uint32_t code_of(uint32_t entry) { return entry & CODE; }
static inline uint32_t kind_of(uint32_t entry) { return entry >> 21 & 7; }

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

/* The number of the lowest bit set; one is. */
static inline uint32_t first_bit(uint64_t x)
{
#if defined(__GNUC__)
    return (uint32_t)__builtin_ctzll(x);
#else
    uint64_t below = (x & (0 - x)) - 1;
    return ones((uint32_t)below) + ones((uint32_t)(below >> 32));
#endif
}
#endif
