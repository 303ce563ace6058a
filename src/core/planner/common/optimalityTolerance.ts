/** A makespan within this share of the bound is as short as the bound, which rounding keeps it from reaching. */
export const PROVEN = 1e-9;
