import { metricIn } from '../../model/metricName.js';
import { SaturnError } from '../../wire/failure.js';
import type { Criterion, Failure, SessionState, StopRule, TaskState } from '../../wire/messages.js';
import { ruleKinds, ruleOfKind } from './knownRules.js';
import { comparedBy, ruledSweep } from './ladder.js';

/** @throws SaturnError `unknown-rule`. */
export function requireRule(rule: StopRule | undefined): void {
  if (rule && !ruleOfKind(rule.kind)) {
    throw new SaturnError({
      code: 'unknown-rule',
      message: `There is no rule named "${rule.kind}" by which tasks are given up.`,
      hint: `There is ${ruleKinds().join(' and ')}.`
    });
  }
}

/** Why the rule of its sweep can never judge a task, as its inspection tells; undefined when it can, or may. */
export function whyUnjudged(state: SessionState, task: TaskState): Failure | undefined {
  const ruled = ruledSweep(state, task);
  const { inspection, spec } = task;
  if (!ruled || !inspection) {
    return undefined;
  }
  const rule = ruled.numbers.kind;
  if (inspection.steps === 1) {
    return {
      code: 'no-rungs',
      message: `${rule} compares tasks on their way, but ${spec.name} has one step only.`,
      hint: inspection.native
        ? 'Put saturn.steps around its loop, or leave out --stop.'
        : 'Give it more steps, or leave out --stop.'
    };
  }
  const metrics = inspection.evaluating?.metrics;
  const criterion = comparedBy(ruled, task);
  const isMissing = criterion.metric !== 'loss' && metrics && !metricIn(metrics, criterion.metric);
  return isMissing ? noMetric(rule, task, criterion, metrics) : undefined;
}

/** That tasks were to be compared by what their evaluation does not tell, and by what they can be. */
export function noMetric(
  rule: StopRule['kind'],
  { spec, inspection }: TaskState,
  { metric }: Criterion,
  metrics: readonly string[]
): Failure {
  const own = inspection?.native === undefined;
  return {
    code: 'no-metric',
    message: `${rule} is to compare by "${metric}", which no evaluation of ${spec.name} tells.`,
    hint:
      metrics.length > 0
        ? `Name one of those that there are with --by: ${metrics.join(', ')}.`
        : `${own ? 'Give the task eval_data and metrics' : 'Have its loop evaluate on its way'}, or compare with --by loss.`
  };
}
