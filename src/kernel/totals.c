#include "totals.h"

Settling known_settlings[KNOWN_COUNTS + 1];

Settling compute_settling(uint32_t k)
{
    double value = 1 + log(k);
    Settling settling = {k - value, k - value * value, value / k};
    return settling;
}

void start_totals(void)
{
    for (uint32_t k = 1; k <= KNOWN_COUNTS; k++)
        known_settlings[k] = compute_settling(k);
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
