/* Weighted sums. The k-th occurrence of an n-gram adds (1 + ln k) - (1 + ln (k - 1)) times its weights, and to the squared norm
 * the difference of the squares, so that both are exact after every occurrence. All occurrences are first added as if they were
 * the only ones, which is true of most; `Surplus` is what the k-th one then has too much. */
#ifndef TOTALS_H
#define TOTALS_H
#include "table.h"
#include <math.h>

enum { KNOWN_SURPLUS = 64 };

typedef struct { double value, norm; } Surplus;

extern Surplus known_surplus[KNOWN_SURPLUS + 1];
extern double known_shares[KNOWN_SURPLUS + 1];

void start_totals(void); /* fill the tables; once */
Surplus compute_surplus(uint32_t k);

static inline Surplus surplus_of(uint32_t k) { return k <= KNOWN_SURPLUS ? known_surplus[k] : compute_surplus(k); }

/* What each of k occurrences adds in the end. */
static inline double share_of(uint32_t k) { return k <= KNOWN_SURPLUS ? known_shares[k] : (1 + log(k)) / k; }

static inline void add_total(Total *total, const Total *more)
{
    for (int j = 0; j < HEADS; j++)
        total->sum[j] += more->sum[j];
    total->norm += more->norm;
}

static inline void add_row(Total *total, const float *coef, float squared_idf)
{
    for (int j = 0; j < HEADS; j++)
        total->sum[j] += coef[j];
    total->norm += squared_idf;
}

static inline void take_surplus(Total *total, const float *coef, float squared_idf, Surplus surplus)
{
    for (int j = 0; j < HEADS; j++)
        total->sum[j] -= surplus.value * coef[j];
    total->norm -= surplus.norm * squared_idf;
}

double inverse_norm(const Total *total);
double chance_of(const Head *head, double whole, double strongest); /* from the logits of the message and its strongest segment */
#endif
