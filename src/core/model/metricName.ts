/** Which of some names is a metric; libraries put `eval_` before what it calls itself, or do not. */
export function metricIn(names: readonly string[], metric: string): string | undefined {
  const plain = (name: string): string => name.replace(/^eval_/, '');
  return names.find(name => name === metric) ?? names.find(name => plain(name) === plain(metric));
}
