#include "totals.h"

Surplus known_surplus[KNOWN_SURPLUS + 1];
double known_shares[KNOWN_SURPLUS + 1];

Surplus compute_surplus(uint32_t k)
{
    double now = 1 + log(k), before = k > 1 ? 1 + log(k - 1) : 0;
    Surplus surplus = {1 - (now - before), 1 - (now * now - before * before)};
    return surplus;
}

void start_totals(void)
{
    for (uint32_t k = 1; k <= KNOWN_SURPLUS; k++)
        known_surplus[k] = compute_surplus(k), known_shares[k] = (1 + log(k)) / k;
}

double inverse_norm(const Total *total)
{
    double norm = sqrt(total->norm);
    return 1 / (norm > 1e-12 ? norm : 1e-12);
}

double chance_of(const Head *head, double whole, double strongest)
{
    double z = head->slope * (whole + head->share * (strongest - whole)) + head->offset;
    return 1 / (1 + exp(-(z < -40 ? -40 : z > 40 ? 40 : z)));
}
