#include "scratch.h"
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 1024 };

static void free_room(Scratch *s)
{
    free(s->line), free(s->tokens), free(s->segments), free(s->hashes), free(s->stems), free(s->again), free(s->part_again);
    s->line = s->tokens = s->segments = s->again = s->part_again = NULL;
    s->hashes = s->stems = NULL;
    s->room = 0;
}

static void free_traced_room(Scratch *s)
{
    free(s->origins), free(s->places), free(s->edges), free(s->telling), free(s->norms), free(s->spans), free(s->grams);
    s->origins = s->places = s->edges = NULL;
    s->telling = NULL;
    s->norms = NULL;
    s->spans = NULL;
    s->grams = NULL;
    s->traced_room = 0;
}

void free_scratch(Scratch *s)
{
    free_room(s);
    free_traced_room(s);
    free(s->points), free(s->recent), free(s->word_places), free(s->words);
    for (size_t i = 0; i < TABLES; i++)
        free(s->tables[i]);
    free(s);
}

static size_t most_segments(size_t size) { return size / MIN_SEGMENT + 2; }

int make_room(Scratch *s, size_t size)
{
    if (size < LEAST_ROOM)
        size = LEAST_ROOM;
    if (size <= s->room)
        return 1;
    free_room(s);
    s->line = malloc((2 * size + LONGEST) * sizeof *s->line);
    s->tokens = malloc((size + 1) * sizeof *s->tokens);
    s->segments = malloc((most_segments(size) + 1) * sizeof *s->segments);
    s->hashes = malloc(size * sizeof *s->hashes);
    s->stems = malloc(size * sizeof *s->stems);
    s->again = malloc((most_grams(size, size) / 2 + 1) * sizeof *s->again);
    s->part_again = malloc((most_grams(size, size) / 2 + 1) * sizeof *s->part_again);
    if (!s->line || !s->tokens || !s->segments || !s->hashes || !s->stems || !s->again || !s->part_again)
        return 0;
    s->room = size;
    return 1;
}

/* No column has all bits set. */
static int make_recent(Scratch *s)
{
    if (!s->recent && (s->recent = malloc(RECENT * sizeof *s->recent)))
        memset(s->recent, 0xFF, RECENT * sizeof *s->recent);
    return s->recent != NULL;
}

int make_traced_room(Scratch *s, size_t size)
{
    if (size < LEAST_ROOM)
        size = LEAST_ROOM;
    if (size <= s->traced_room)
        return 1;
    if (!make_recent(s))
        return 0;
    free_traced_room(s);
    s->origins = malloc(size * sizeof *s->origins);
    s->places = malloc(2 * size * sizeof *s->places);
    s->edges = malloc((BLOCKS * most_segments(size) + BLOCKS) * sizeof *s->edges);
    s->telling = malloc(size * sizeof *s->telling);
    s->norms = malloc(most_segments(size) * sizeof *s->norms);
    s->spans = malloc(most_segments(size) * sizeof *s->spans);
    s->grams = malloc((most_grams(size, size) + 1) * sizeof *s->grams);
    if (!s->origins || !s->places || !s->edges || !s->telling || !s->norms || !s->spans || !s->grams)
        return 0;
    s->traced_room = size;
    return 1;
}

int make_point_room(Scratch *s, size_t size)
{
    size_t room = size < 2 * s->point_room ? 2 * s->point_room : size;
    uint32_t *grown;
    if (size <= s->point_room)
        return 1;
    grown = realloc(s->points, room * sizeof *grown);
    if (!grown)
        return 0;
    s->points = grown, s->point_room = room;
    return 1;
}

int make_table(Scratch *s, uint32_t level)
{
    if (!s->tables[level])
        s->tables[level] = calloc((size_t)SMALLEST_TABLE << level, sizeof(Count));
    return s->tables[level] != NULL;
}

static int make_words(Scratch *s)
{
    s->word_places = calloc(WORDS, sizeof *s->word_places);
    s->words = malloc(WORD_BYTES);
    s->next_word = 2 * WORD_BYTES; /* so that a place of 0 is an old one */
    return s->word_places && s->words;
}

Scratch *make_scratch(void)
{
    Scratch *s = calloc(1, sizeof *s);
    if (s && make_words(s) && make_table(s, 0) && make_room(s, 0))
        return s;
    if (s)
        free_scratch(s);
    return NULL;
}
