#include "scratch.h"
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 1024 };

static void free_room(Scratch *s)
{
    free(s->line), free(s->tokens), free(s->segments), free(s->words), free(s->stems), free(s->parts);
    s->line = s->tokens = s->segments = NULL;
    s->words = s->stems = NULL;
    s->parts = NULL;
    s->room = 0;
}

static void free_traced_room(Scratch *s)
{
    free(s->origins), free(s->places), free(s->edges), free(s->counts), free(s->met), free(s->telling), free(s->grams), free(s->known);
    free(s->spans);
    s->origins = s->places = s->edges = s->counts = s->met = NULL;
    s->telling = NULL;
    s->spans = NULL;
    s->grams = NULL;
    s->known = NULL;
    s->traced_room = 0;
}

void free_scratch(Scratch *s)
{
    free_room(s);
    free_traced_room(s);
    free(s->points), free(s->recent);
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
    s->words = malloc(size * sizeof *s->words);
    s->stems = malloc(size * sizeof *s->stems);
    s->parts = malloc(most_segments(size) * sizeof *s->parts);
    if (!s->line || !s->tokens || !s->segments || !s->words || !s->stems || !s->parts)
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

/* A token has at most seven n-grams of words, a place on the line at most four of characters. */
int make_traced_room(Scratch *s, size_t size, size_t columns)
{
    size_t grams, known;
    if (size < LEAST_ROOM)
        size = LEAST_ROOM;
    if (size <= s->traced_room)
        return 1;
    if (!make_recent(s))
        return 0;
    free_traced_room(s);
    grams = 7 * size + 4 * (2 * size + LONGEST);
    known = grams < columns ? grams : columns;
    s->origins = malloc(size * sizeof *s->origins);
    s->places = malloc(2 * size * sizeof *s->places);
    s->edges = malloc((2 * BLOCKS * most_segments(size) + 1) * sizeof *s->edges);
    s->telling = malloc(size * sizeof *s->telling);
    s->spans = malloc(most_segments(size) * sizeof *s->spans);
    s->grams = malloc(grams * sizeof *s->grams);
    s->counts = malloc((known + 1) * sizeof *s->counts);
    s->met = malloc((known + 1) * sizeof *s->met);
    s->known = malloc((known + 1) * sizeof *s->known);
    if (!s->origins || !s->places || !s->edges || !s->telling || !s->spans || !s->grams || !s->counts || !s->met || !s->known)
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

Scratch *make_scratch(void)
{
    Scratch *s = calloc(1, sizeof *s);
    if (s && make_table(s, 0) && make_room(s, 0))
        return s;
    if (s)
        free_scratch(s);
    return NULL;
}
