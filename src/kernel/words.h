/* Words met before. Most words of a message are, and their n-grams of characters, which are most n-grams, need not be hashed,
 * looked up and added up again. Words stay in memory one by one until newer ones are written over them; a message does not. */
#ifndef WORDS_H
#define WORDS_H
#include "message.h"

enum { MOST_COLUMNS = 4 * LONGEST_WORD };

static inline size_t letters(const Scratch *s, size_t token) { return s->tokens[token + 1] - 1 - s->tokens[token]; }

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
void fetch_word(const Message *m, size_t token); /* have it on its way before it is asked for */

/* All weights of a column; the answer is good until the next call. */
const Known *known_of(const Message *m, uint32_t column);
void fetch_known(const Message *m, const uint32_t *columns, size_t n); /* have them on their way before they are asked for */
#endif
