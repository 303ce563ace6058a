/**
 * Resolves once the page has had its turn: between two parts of long work it answers keys and draws.
 *
 * Not by a timer: those that are nested wait four milliseconds each, and a second in a tab that is hidden.
 */
export function yieldToPage(): Promise<void> {
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
