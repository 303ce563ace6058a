import type { GroupEvent } from '../wire/messages.js';

/** Which of some names is a metric; libraries put `eval_` before what it calls itself, or do not. */
export function metricIn(names: readonly string[], metric: string): string | undefined {
  const plain = (name: string): string => name.replace(/^eval_/, '');
  return names.find(name => name === metric) ?? names.find(name => plain(name) === plain(metric));
}

/** What is told of a metric, if only by the loss: null when it is no number, undefined when nothing is told of it. */
export function metricValue(
  { metrics = {}, loss }: Pick<GroupEvent, 'metrics' | 'loss'>,
  metric: string
): number | null | undefined {
  const name = metricIn(Object.keys(metrics), metric);
  return name === undefined ? (metric === 'loss' ? loss : undefined) : metrics[name];
}
