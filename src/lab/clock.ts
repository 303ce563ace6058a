/** The time, in seconds since the epoch. */
export const now = () => Date.now() / 1000;
