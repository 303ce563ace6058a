import type { StopRule } from '../../wire/messages.js';
import { asha } from './asha.js';
import { median } from './median.js';
import { pbt } from './pbt.js';
import type { IStopRule } from './stopRule.js';

const RULES: Readonly<Record<StopRule['kind'], IStopRule>> = { asha, median, pbt };

/** The rule of a kind; undefined for one that nobody has made. */
export function ruleOfKind(kind: StopRule['kind']): IStopRule | undefined {
  return RULES[kind];
}

/** Kinds of the rules there are. */
export function ruleKinds(): string[] {
  return Object.keys(RULES);
}
