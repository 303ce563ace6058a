import type { Strategy } from '../wire/generated/types.js';

/** One string per distinct strategy, for use as a map key. */
export function strategyKey(strategy: Strategy): string {
  const name = `${strategy.technique}:${strategy.devices}`;
  if (strategy.knobs === undefined) {
    return name;
  }
  const knobs = Object.entries(strategy.knobs).sort(([a], [b]) => (a < b ? -1 : 1));
  return [name, ...knobs.map(([k, v]) => `${k}=${v}`)].join(',');
}

/** What a person calls a strategy: `ddp x2`. */
export function strategyLabel(strategy: Strategy): string {
  const knobs = Object.entries(strategy.knobs ?? {}).map(([k, v]) => (v === true ? k : `${k}=${v}`));
  return [`${strategy.technique} x${strategy.devices}`, ...knobs].join(' ');
}

/** Key of a profile cell: signature and strategy. */
export function cellKey(signature: string, strategy: Strategy): string {
  return `${signature} ${strategyKey(strategy)}`;
}
