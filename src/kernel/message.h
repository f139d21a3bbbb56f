/* One message on its way. */
#ifndef MESSAGE_H
#define MESSAGE_H
#include "scratch.h"
#include "weights.h"

typedef struct {
    const Weights *weights;
    Scratch *scratch;
    size_t tokens, segments;
    size_t used, again, part_again; /* places in the table; columns that are noted as met again */
    Count *table;
    uint32_t level, mask, stamp;    /* which table, and its last place; the number of the segment at hand */
    int several, failed;            /* several segments; memory ran out */
} Message;

static inline size_t letters(const Scratch *s, size_t token) { return s->tokens[token + 1] - 1 - s->tokens[token]; }

/* The number of code points on the line, spaces aside; of an empty message, too. */
static inline size_t visible(const Message *m) { return m->scratch->tokens[m->tokens] - 1 - m->tokens; }

/* Lay out tokens and segments; overwrites the code points. `traced`: also note each code point's place in the message. */
void read_text(Message *m, uint32_t *points, size_t size);
void read_text_traced(Message *m, uint32_t *points, size_t size);

/* The probabilities of the labels; overwrites the code points. False where memory ran out, as with the other. */
int score_message(const Weights *weights, Scratch *scratch, uint32_t *points, size_t size, float *out);

typedef struct {
    double chances[ALL_HEADS];
    size_t visible, grams, known;           /* code points; n-grams, and those that training kept */
    size_t segments;                        /* their spans are left in the scratch */
    size_t strongest[MORE];                 /* the number of the segment in which each other head is strongest */
    Span telling[HEADS][MAX_SPANS];         /* the words that speak for each label, strongest first */
    size_t telling_count[HEADS];
} Description;
int describe_message(const Weights *weights, Scratch *scratch, uint32_t *points, size_t size, Description *out);
#endif
