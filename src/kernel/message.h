/* One message on its way. */
#ifndef MESSAGE_H
#define MESSAGE_H
#include "scratch.h"
#include "weights.h"

typedef struct {
    const Weights *weights;
    Scratch *scratch;
    size_t tokens, segments, used;
    uint32_t level, first_stamp; /* counts with an older stamp belong to another block or message */
    int several, failed;         /* several segments; memory ran out */
} Message;

/* Lay out tokens and segments; overwrites the code points. `traced`: also note each code point's place in the message. */
void read_text(Message *m, uint32_t *points, size_t size);
void read_text_traced(Message *m, uint32_t *points, size_t size);

/* Fill the tables of logarithms; once. */
void start_scores(void);
void start_descriptions(void);

/* The probability of a head, from the logits of the whole message and of its strongest segment. */
double chance_of(const Head *head, double whole, double strongest);

/* Both are false where memory ran out; they overwrite the code points. */
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
