/** Version of this package; a widget model names it, and a kernel is greeted with it. */
export const VERSION = '0.1.0';
