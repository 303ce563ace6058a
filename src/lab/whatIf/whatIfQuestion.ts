import { strategyKey } from '../../core/model/strategy.js';
import type { IGanttBar, IGanttMove } from '../../core/view/gantt/gantt.js';
import type { Cluster, Pin, Segment, SessionState, Strategy } from '../../core/wire/messages.js';

/** What is asked of one task; times are seconds from the start of the plan. */
export interface IWish {
  readonly pin?: Pin;
  readonly earliestStart?: number;
  readonly deadline?: number;
}

/** A what-if question: how the same tasks would be planned otherwise. */
export interface IQuestion {
  /** Devices of each node by its id; as many as there are for nodes not named. */
  readonly devices: Readonly<Record<string, number>>;
  /** Techniques not to use. */
  readonly exclude: readonly string[];
  /** By task. */
  readonly wishes: ReadonlyMap<string, IWish>;
  /** When all tasks are to be done, in seconds from the start of the plan; null for whenever. */
  readonly deadline: number | null;
}

/** A part of a wish that can be taken back by itself. */
export type WishPart = 'strategy' | 'place' | 'earliestStart' | 'deadline';

/** The question that the session's own plan answers. */
export function plainQuestion(state: SessionState): IQuestion {
  return { devices: {}, exclude: state.excludeTechniques, wishes: new Map(), deadline: null };
}

/** How many devices a question gives a node. */
export function devicesOf(question: IQuestion, node: Cluster['nodes'][number]): number {
  return Object.hasOwn(question.devices, node.id)
    ? (question.devices[node.id] as number)
    : node.devices.length;
}

/** The question with another wish for a task; none when it asks nothing. */
export function withWish(question: IQuestion, task: string, wish: IWish): IQuestion {
  const wishes = new Map(question.wishes);
  if (partsOf(wish).length > 0) {
    wishes.set(task, wish);
  } else {
    wishes.delete(task);
  }
  return { ...question, wishes };
}

/** What a wish asks, part by part. */
export function partsOf({ pin, earliestStart, deadline }: IWish): WishPart[] {
  return [
    ...(pin?.strategy ? ['strategy' as const] : []),
    ...(pin?.node !== undefined ? ['place' as const] : []),
    ...(earliestStart !== undefined ? ['earliestStart' as const] : []),
    ...(deadline !== undefined ? ['deadline' as const] : [])
  ];
}

/** The wish without one of its parts. */
export function withoutPart(wish: IWish, part: WishPart): IWish {
  const { pin = {}, ...times } = wish;
  if (part === 'earliestStart' || part === 'deadline') {
    const { [part]: _, ...others } = wish;
    return others;
  }
  const { strategy, node, devices } = pin;
  const kept = part === 'strategy' ? { node, devices } : { strategy };
  return { ...times, ...pinOf(kept) };
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
  let wish = question.wishes.get(bar.task) ?? {};
  const found = move.rows?.flatMap(row => places.get(row) ?? []) ?? [];
  const node = found[0]?.node;
  if (node !== undefined) {
    const devices = found.map(place => place.device);
    wish = { ...wish, ...pinOf({ strategy: wish.pin?.strategy, node, devices }) };
  }
  if (move.start !== null) {
    wish = timed(wish, bar, move.start);
  }
  return withWish(question, bar.task, wish);
}

function timed(wish: IWish, bar: IGanttBar, start: number): IWish {
  const end = bar.end - bar.start + start;
  const { earliestStart, deadline, ...others } = wish;
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
  const wish = question.wishes.get(task) ?? {};
  const held = wish.pin?.strategy;
  return withWish(
    question,
    task,
    held && strategyKey(held) === strategyKey(strategy)
      ? withoutPart(wish, 'strategy')
      : { ...wish, pin: { ...wish.pin, strategy } }
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

/** The wish as far as its devices are there: a pin to others is left aside. */
export function possibleWish(wish: IWish, cluster: Cluster): IWish {
  const { node, devices, strategy } = wish.pin ?? {};
  if (node === undefined) {
    return wish;
  }
  const there = new Set(cluster.nodes.find(({ id }) => id === node)?.devices.map(device => device.id) ?? []);
  const left = devices?.filter(device => there.has(device));
  if (there.size === 0 || left?.length === 0) {
    return withoutPart(wish, 'place');
  }
  const { pin: _, ...times } = wish;
  return { ...times, ...pinOf({ strategy, node, devices: left }) };
}

/** The strategy a plan gives a task. */
export function strategyOf(segments: readonly Segment[], task: string): Strategy | undefined {
  return segments.find(segment => segment.task === task)?.strategy;
}

function pinOf({ strategy, node, devices }: { strategy?: Strategy; node?: string; devices?: string[] }): {
  pin?: Pin;
} {
  const [first, ...rest] = devices ?? [];
  const pin: Pin = {
    ...(strategy && { strategy }),
    ...(node !== undefined && { node }),
    ...(first !== undefined && { devices: [first, ...rest] })
  };
  return Object.keys(pin).length > 0 ? { pin } : {};
}
