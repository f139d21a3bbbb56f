/* Memory for one message at a time, and for the words and n-grams of those before; one a thread. */
#ifndef SCRATCH_H
#define SCRATCH_H
#include "kernel.h"

enum { SMALLEST_TABLE = 2048, TABLES = 11, RECENT = 16384 };
enum { LONGEST_WORD = 24, WORDS = 1 << 15, WORD_BYTES = 1 << 22 };

typedef struct {
    uint64_t key;         /* the number (epoch) of the message, and the column */
    uint32_t whole, part; /* counts: in the message; in its segment, behind the number (stamp) of that */
} Count;

typedef struct { double sum[HEADS], norm; } Total; /* weights of the labels, and squared norm, in one block */

typedef struct { /* what a word's n-grams of characters say while each stands once in its message */
    Total total;
    uint32_t traced, length, columns;
    uint32_t numbers[5 * LONGEST_WORD + MORE / 2]; /* code points, columns of the known n-grams, then of a traced word 16 bits
                                                      for each other head; as many as there are */
} Word;

typedef struct { uint64_t hash, place; } WordPlace; /* places count on where the memory of the words starts again */

typedef struct { /* a column's weights: one cache line */
    int8_t more[MORE];
    float coef[HEADS], squared_idf;
    uint32_t column;
} Known;

typedef struct { uint32_t start, end; double weight; } Span;        /* in the message, end excluded */
typedef struct { uint32_t column, owner; float coef[HEADS]; } Gram; /* owner: first token * 4 + tokens */

typedef struct Scratch {
    struct Scratch *next;
    uint32_t *points, *line, *tokens, *segments;
    uint32_t *again, *part_again; /* columns met again: in the message, in a block of the segment */
    uint64_t *hashes, *stems;
    size_t point_room, room;
    Count *tables[TABLES]; /* each twice as large as the one before; a short message stays in the first, hot one */
    uint32_t epoch;
    WordPlace *word_places;
    char *words;
    uint64_t next_word;
    uint32_t *origins, *places, *edges; /* from here on only for descriptions */
    double (*telling)[HEADS];
    double (*norms)[BLOCKS]; /* of the segments, inverted */
    Span *spans;             /* of the segments */
    Gram *grams;
    size_t traced_room;
    Known *recent; /* columns of the messages before */
} Scratch;

/* All of these are false, or NULL, where memory ran out. */
Scratch *make_scratch(void);
int make_room(Scratch *s, size_t size);        /* for one message of that many code points */
int make_traced_room(Scratch *s, size_t size); /* and for its description */
int make_point_room(Scratch *s, size_t size);  /* for the code points of a group, keeping those there */
int make_table(Scratch *s, uint32_t level);
void free_scratch(Scratch *s);

/* The most n-grams of so many code points in so many tokens: 4L - 1 of characters in a token of L, 7 of words. */
static inline size_t most_grams(size_t points, size_t tokens) { return 4 * points + 6 * tokens; }
#endif
