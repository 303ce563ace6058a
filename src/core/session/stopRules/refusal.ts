import { metricIn } from '../../model/metricName.js';
import { membersOf } from '../../model/sweepTasks.js';
import { isChoices } from '../../search/dimension.js';
import { SaturnError } from '../../wire/failure.js';
import type {
  Criterion,
  Failure,
  Inspection,
  SessionState,
  StopRule,
  TaskState
} from '../../wire/messages.js';
import { ruleKinds, ruleOfKind } from './knownRules.js';
import { comparedBy, type IRuledSweep, ruledSweep } from './ladder.js';

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
  const unlike = rule === 'pbt' ? whyNoMember(state, ruled, task, inspection) : undefined;
  if (unlike) {
    return unlike;
  }
  const metrics = inspection.evaluating?.metrics;
  const criterion = comparedBy(ruled, task);
  const isMissing = criterion.metric !== 'loss' && metrics && !metricIn(metrics, criterion.metric);
  return isMissing ? noMetric(rule, task, criterion, metrics) : undefined;
}

/** Why a task cannot go on with the weights of others of its population. */
function whyNoMember(
  state: SessionState,
  { sweep }: IRuledSweep,
  task: TaskState,
  inspection: Inspection
): Failure | undefined {
  const { name } = task.spec;
  if (inspection.native !== undefined) {
    return {
      code: 'native-task',
      message: `pbt has tasks go on with each other's checkpoints, but ${name} trains by its own loop, whose checkpoints only that can read.`,
      hint: 'Return a Task, or say --stop asha.'
    };
  }
  const { space } = sweep.spec;
  const ranged = Object.keys(space).filter(parameter => !isChoices(space[parameter]!));
  const chosen = ({ spec: { params } }: TaskState): string =>
    JSON.stringify(
      Object.entries(params)
        .filter(([parameter]) => !ranged.includes(parameter))
        .sort()
    );
  const shape = ({ parameters, steps, batchSize }: Inspection): string =>
    `${parameters} parameters and ${steps} steps of ${batchSize} samples`;
  const other = membersOf(state.tasks, sweep.spec.name).find(
    one =>
      one.inspection !== undefined &&
      one.spec.name !== name &&
      chosen(one) === chosen(task) &&
      shape(one.inspection) !== shape(inspection)
  );
  return (
    other && {
      code: 'unlike-members',
      message: `pbt changes ${ranged.join(', ')} while it trains, but with that ${name} has ${shape(inspection)}, and ${other.spec.name} ${shape(other.inspection!)}: neither can go on where the other is.`,
      hint: `Give what changes the model, its data or its length as values, e.g. ${ranged[0]}=${[...new Set([other, task].map(({ spec }) => String(spec.params[ranged[0]!])))].join(',')}: those stay with the weights. Or say --stop asha.`
    }
  );
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
