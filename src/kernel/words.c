#include "words.h"
#include "totals.h"
#include <stddef.h>

static int is_same(const Message *m, size_t token, const Word *word)
{
    const uint32_t *line = m->scratch->line + m->scratch->tokens[token];
    if (word->length != letters(m->scratch, token))
        return 0;
    for (size_t i = 0; i < word->length; i++)
        if (word->numbers[i] != code_of(line[i]))
            return 0;
    return 1;
}

static void never(Message *m, Slab *slab) { (void)m, (void)slab; } /* one word does not fill a slab */

static inline void add_more(const Message *m, Word *word)
{
    const uint32_t *columns = columns_of_word(word);
    int16_t *more = (int16_t *)(void *)(word->numbers + word->length + word->columns);
    memset(more, 0, MORE * sizeof *more);
    fetch_known(m, columns, word->columns);
    for (size_t i = 0; i < word->columns; i++) {
        const Known *known = known_of(m, columns[i]);
        for (int j = 0; j < MORE; j++)
            more[j] = (int16_t)(more[j] + known->more[j]);
    }
}

FAST_WHERE_POSSIBLE static void read_word(const Message *m, size_t token, int traced, Word *word)
{
    const Scratch *s = m->scratch;
    Slab slab = {.size = 0};
    Wide rows[MOST_COLUMNS];
    memset(word, 0, offsetof(Word, numbers));
    word->traced = (uint32_t)traced;
    word->length = (uint32_t)letters(s, token);
    for (size_t i = 0; i < word->length; i++)
        word->numbers[i] = code_of(s->line[s->tokens[token] + i]);
    char_grams((Message *)m, token, token + 1, &slab, never, 0);
    word->columns = (uint32_t)columns_of(m->weights, slab.buckets, slab.size, word->numbers + word->length, NULL);
    widen_rows(m->weights, columns_of_word(word), word->columns, rows);
    for (size_t i = 0; i < word->columns; i++)
        add_row(&word->total, rows[i].coef, rows[i].squared_idf);
    if (traced)
        add_more(m, word);
}

/* With one number to spare, for what `columns_of` writes behind the last. */
static size_t size_of(const Word *word)
{
    size_t numbers = word->length + word->columns + 1 + word->traced * MORE / 2;
    return (offsetof(Word, numbers) + numbers * sizeof *word->numbers + 7) / 8 * 8;
}

/* Where a new word goes: a word stands in one piece. */
static uint64_t next_place(const Scratch *s)
{
    size_t left = WORD_BYTES - s->next_word % WORD_BYTES;
    return s->next_word + (left < sizeof(Word) ? left : 0);
}

void fetch_words(const Message *m, size_t low, size_t high)
{
    const Scratch *s = m->scratch;
    for (size_t t = low; t < high; t++) {
        const uint64_t hash = s->hashes[t];
        const WordPlace *place = &s->word_places[hash % WORDS];
        const char *word = s->words + s->word_places[hash % WORDS ^ (place->hash != hash)].place % WORD_BYTES;
        for (size_t i = 0; i < 4; i++)
            PREFETCH(word + 64 * i);
    }
}

const Word *word_of(const Message *m, size_t token, int traced)
{
    Scratch *s = m->scratch;
    const uint64_t hash = s->hashes[token];
    WordPlace *place = &s->word_places[hash % WORDS], *older = place;
    Word *word;
    for (size_t i = 0; i < 2; i++, place = &s->word_places[(hash % WORDS) ^ 1]) {
        word = (Word *)(void *)(s->words + place->place % WORD_BYTES);
        if (place->hash == hash && s->next_word - place->place <= WORD_BYTES && is_same(m, token, word) && word->traced >= (uint32_t)traced)
            return word;
        older = place->place < older->place ? place : older;
    }
    older->hash = hash, older->place = next_place(s);
    word = (Word *)(void *)(s->words + older->place % WORD_BYTES);
    read_word(m, token, traced, word);
    s->next_word = older->place + size_of(word);
    return word;
}

static inline Known *recent(const Message *m, uint32_t column) { return &m->scratch->recent[column % RECENT]; }

const Known *known_of(const Message *m, uint32_t column)
{
    Known *known = recent(m, column);
    Wide wide;
    if (known->column == column)
        return known;
    widen_rows(m->weights, &column, 1, &wide);
    memcpy(known->coef, wide.coef, sizeof known->coef);
    known->squared_idf = wide.squared_idf;
    unpack_more(m->weights, column, known->more);
    known->column = column;
    return known;
}

void fetch_known(const Message *m, const uint32_t *columns, size_t n)
{
    const Weights *w = m->weights;
    for (size_t i = 0; i < n; i++)
        PREFETCH(&w->groups[columns[i] / GROUP]);
    for (size_t i = 0; i < n; i++)
        if (recent(m, columns[i])->column != columns[i])
            PREFETCH(w->packed + w->groups[columns[i] / GROUP]), PREFETCH(&w->rows[columns[i]]);
}
