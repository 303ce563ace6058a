/** The time, in seconds since the epoch. */
export const now = () => Date.now() / 1000;

/**
 * How long to wait for the next state before drawing the last one a little further on, in milliseconds.
 * States of a session that trains come about once a second.
 */
export const REDRAW_DELAY = 2000;
