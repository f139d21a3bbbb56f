/* Words met before. Most words of a message are, and their n-grams of characters, which are most n-grams, need not be hashed,
 * looked up and added up again. Words stay in memory one by one until newer ones are written over them; a message does not. */
#ifndef WORDS_H
#define WORDS_H
#include "grams.h"
#include "table.h"

enum { MOST_COLUMNS = 4 * LONGEST_WORD };

static inline const uint32_t *columns_of_word(const Word *word) { return word->numbers + word->length; }

/* Append a word's columns: some too many are copied, for whole cache lines are faster. */
static inline size_t append_columns(const Word *word, uint32_t *columns)
{
    for (size_t i = 0; i < word->columns; i += 16)
        memcpy(columns + i, columns_of_word(word) + i, 16 * sizeof *columns);
    return word->columns;
}

static inline const int16_t *more_of_word(const Word *word)
{
    return (const int16_t *)(const void *)(word->numbers + word->length + word->columns);
}

/* The number of n-grams of characters, known or not, of a word of that length. */
static inline size_t char_grams_of(size_t length) { return length < 3 ? 3 * length : 4 * length - 2; }

/* A token of at most LONGEST_WORD letters; the answer is good until the next call. */
const Word *word_of(const Message *m, size_t token, int traced);
void fetch_words(const Message *m, size_t low, size_t high); /* have them on their way before they are asked for */

typedef void (*Take)(Message *m, const Word *word);

/* The n-grams of characters of the tokens low..high: words are handed to `take`, longer tokens go the way of other n-grams. */
static inline void word_chars(Message *m, size_t low, size_t high, Slab *slab, Flush flush, Take take, int traced)
{
    uint32_t columns[MOST_COUNTED];
    size_t n = 0;
    for (size_t t = low; t < high; t++) {
        const Word *word;
        if (letters(m->scratch, t) > LONGEST_WORD) {
            char_grams(m, t, t + 1, slab, flush, traced);
            flush(m, slab);
            continue;
        }
        word = word_of(m, t, traced);
        take(m, word);
        n += append_columns(word, columns + n);
        if (n > MOST_COUNTED - MOST_COLUMNS)
            count(m, columns, n), n = 0;
    }
    count(m, columns, n);
}

/* The n-grams of a block of the tokens low..high: one segment. */
static inline void block_grams(Message *m, uint32_t block, size_t low, size_t high, Slab *slab, Flush flush, Take take, int traced)
{
    if (block == BLOCKS - 1) {
        word_chars(m, low, high, slab, flush, take, traced);
        return;
    }
    word_grams(m, block, low, high, slab, flush, traced);
    flush(m, slab);
}

/* All weights of a column; the answer is good until the next call. */
const Known *known_of(const Message *m, uint32_t column);
void fetch_known(const Message *m, const uint32_t *columns, size_t n); /* have them on their way before they are asked for */
#endif
