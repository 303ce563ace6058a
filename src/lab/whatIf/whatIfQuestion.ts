import { pinWithin } from '../../core/model/constraints/pin.js';
import { strategyKey } from '../../core/model/strategy.js';
import type { IGanttBar, IGanttMove } from '../../core/view/gantt/gantt.js';
import type { Cluster, Segment, SessionState, Strategy } from '../../core/wire/messages.js';
import { constraintParts, type ITaskConstraints, pinOf, withoutConstraint } from './constraintParts.js';

/** A what-if question: how the same tasks would be planned otherwise, beside what is asked of every plan. */
export interface IQuestion {
  /** Devices of each node by its id; as many as there are for nodes not named. */
  readonly devices: Readonly<Record<string, number>>;
  /** Techniques not to use. */
  readonly exclude: readonly string[];
  /** By task. */
  readonly constraints: ReadonlyMap<string, ITaskConstraints>;
  /** When all tasks are to be done, in seconds from the start of the plan; null for whenever. */
  readonly deadline: number | null;
}

/** The question that the session's own plan answers. */
export function plainQuestion(state: SessionState): IQuestion {
  return { devices: {}, exclude: state.excludeTechniques, constraints: new Map(), deadline: null };
}

/** Whether a question asks anything of which the session's own plan knows nothing. */
export function isAsking(
  { devices, exclude, constraints, deadline }: IQuestion,
  state: SessionState
): boolean {
  return (
    Object.keys(devices).length > 0 ||
    exclude.join() !== state.excludeTechniques.join() ||
    constraints.size > 0 ||
    deadline !== null
  );
}

/** How many devices a question gives a node. */
export function devicesOf(question: IQuestion, node: Cluster['nodes'][number]): number {
  return Object.hasOwn(question.devices, node.id)
    ? (question.devices[node.id] as number)
    : node.devices.length;
}

/** The question with another constraint for a task; none when it asks nothing. */
export function withConstraints(question: IQuestion, task: string, constraint: ITaskConstraints): IQuestion {
  const constraints = new Map(question.constraints);
  if (constraintParts(constraint).length > 0) {
    constraints.set(task, constraint);
  } else {
    constraints.delete(task);
  }
  return { ...question, constraints };
}

/**
 * The question after a bar was moved: to other devices pins it there; to the right means not before its new start,
 * to the left done by its new end, unless that only takes back an earlier move to the right.
 *
 * @param places - node and device by row of the chart.
 */
export function withMove(
  question: IQuestion,
  bar: IGanttBar,
  move: IGanttMove,
  places: ReadonlyMap<string, { node: string; device: string }>
): IQuestion {
  let constraint = question.constraints.get(bar.task) ?? {};
  const found = move.rows?.flatMap(row => places.get(row) ?? []) ?? [];
  const node = found[0]?.node;
  if (node !== undefined) {
    const devices = found.map(place => place.device);
    constraint = { ...constraint, ...pinOf({ strategy: constraint.pin?.strategy, node, devices }) };
  }
  if (move.start !== null) {
    constraint = timed(constraint, bar, move.start);
  }
  return withConstraints(question, bar.task, constraint);
}

function timed(constraint: ITaskConstraints, bar: IGanttBar, start: number): ITaskConstraints {
  const end = bar.end - bar.start + start;
  const { earliestStart, deadline, ...others } = constraint;
  if (start > bar.start) {
    return {
      ...others,
      earliestStart: start,
      ...(deadline !== undefined && deadline >= end && { deadline })
    };
  }
  if (earliestStart !== undefined && start < earliestStart) {
    return {
      ...others,
      ...(start > 0 && { earliestStart: start }),
      ...(deadline !== undefined && { deadline })
    };
  }
  return { ...others, ...(earliestStart !== undefined && { earliestStart }), deadline: end };
}

/** The question with a task held to a strategy, or no longer held to it if it was. */
export function withStrategy(question: IQuestion, task: string, strategy: Strategy): IQuestion {
  const constraint = question.constraints.get(task) ?? {};
  const held = constraint.pin?.strategy;
  return withConstraints(
    question,
    task,
    held && strategyKey(held) === strategyKey(strategy)
      ? withoutConstraint(constraint, 'strategy')
      : { ...constraint, pin: { ...constraint.pin, strategy } }
  );
}

/** Node and device by row of a plan's chart. */
export function placesOf(
  cluster: Cluster,
  rowKey: (node: string, device: string) => string
): Map<string, { node: string; device: string }> {
  return new Map(
    cluster.nodes.flatMap(node =>
      node.devices.map(device => [rowKey(node.id, device.id), { node: node.id, device: device.id }] as const)
    )
  );
}

/** The constraint as far as its devices are there: a pin to others is left aside. */
export function feasibleConstraints(constraint: ITaskConstraints, cluster: Cluster): ITaskConstraints {
  const { pin, ...times } = constraint;
  const left = pin && pinWithin(pin, cluster);
  return { ...times, ...(left && { pin: left }) };
}

/** The strategy a plan gives a task. */
export function strategyOf(segments: readonly Segment[], task: string): Strategy | undefined {
  return segments.find(segment => segment.task === task)?.strategy;
}
