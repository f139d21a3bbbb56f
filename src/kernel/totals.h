/* Weighted sums. Every n-gram is added each time it is met; once all are counted, those that were met again are settled: k of
 * them weigh 1 + ln k, not k. */
#ifndef TOTALS_H
#define TOTALS_H
#include "table.h"
#include <math.h>

enum { KNOWN_COUNTS = 1024 };

typedef struct { double value, norm, share; } Settling; /* k - (1 + ln k), k - (1 + ln k) squared, (1 + ln k) / k */

extern Settling known_settlings[KNOWN_COUNTS + 1];

void start_totals(void); /* fill the table; once */
Settling compute_settling(uint32_t k);

static inline Settling settling_of(uint32_t k) { return k <= KNOWN_COUNTS ? known_settlings[k] : compute_settling(k); }

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

static inline void settle_row(Total *total, const float *coef, float squared_idf, Settling settling)
{
    for (int j = 0; j < HEADS; j++)
        total->sum[j] -= settling.value * coef[j];
    total->norm -= settling.norm * squared_idf;
}

double inverse_norm(const Total *total);
double chance_of(const Head *head, double whole, double strongest); /* from the logits of the message and its strongest segment */
#endif
