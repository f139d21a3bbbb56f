/* Memory for one message at a time; one a thread. */
#ifndef SCRATCH_H
#define SCRATCH_H
#include "kernel.h"

enum { SMALLEST_TABLE = 2048, TABLES = 11, RECENT = 8192 };

typedef struct { uint32_t column, stamp, whole, part; } Count; /* part counts the segment with that stamp */
typedef struct { uint32_t start, end; double weight; } Span; /* in the message, end excluded */
typedef struct { uint32_t number, owner; } Gram; /* a known n-gram: its column's number in the message; first token * 4 + tokens */
typedef struct { /* a column met in the message: one cache line */
    int8_t more[MORE];
    float labels[HEADS], squared_idf;
    uint32_t column;
    double each; /* what one of its n-grams adds, before the weight */
} Known;

typedef struct Scratch {
    struct Scratch *next;
    uint32_t *points, *line, *tokens, *segments;
    uint64_t *words, *stems;
    double (*parts)[HEADS];
    size_t point_room, room;
    uint32_t *origins, *places, *edges, *counts, *met; /* from here on only for descriptions */
    double (*telling)[HEADS];
    Span *spans; /* of the segments */
    Gram *grams;
    Known *known, *recent; /* the columns of this message, and of the ones before: most n-grams are met again and again */
    size_t traced_room;
    Count *tables[TABLES]; /* each twice as large as the one before; a short message stays in the first, hot one */
    uint32_t stamp;
} Scratch;

/* All of these are false, or NULL, where memory ran out. */
Scratch *make_scratch(void);
int make_room(Scratch *s, size_t size);                  /* for one message of that many code points */
int make_traced_room(Scratch *s, size_t size, size_t columns); /* and for its description */
int make_point_room(Scratch *s, size_t size);            /* for the code points of a group, keeping those there */
int make_table(Scratch *s, uint32_t level);
void free_scratch(Scratch *s);
#endif
