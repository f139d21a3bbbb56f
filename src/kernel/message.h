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
