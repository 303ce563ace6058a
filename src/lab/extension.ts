/** Id of the labextension: prefix of every plugin and the name of its settings. */
export const EXTENSION_ID = 'jupyterlab-saturn';

/** Version of this package; a widget model names it, and a kernel is greeted with it. */
export const VERSION = '0.1.0';
