import type { DeviceLoad, DevicesLoad, EngineMessages, NodeState } from '../core/wire/messages.js';

/** So many times are kept of each node; when there are more, each two become one. */
const MOST = 240;

/** How many times are told when nobody asks for another number. */
const TOLD = 60;

/** What was told longer ago than this is not how things are now, in seconds. */
const FRESH = 30;

type NodeLoad = EngineMessages['load']['nodes'][number];

/** Mean and most of a device in a time; what was not told is null. */
interface IUse {
  readonly load: number | null;
  readonly memory: number | null;
}

/** How busy the devices of a node were for a time, in seconds since the epoch. */
interface ISpan {
  readonly start: number;
  readonly end: number;
  readonly devices: ReadonlyMap<string, IUse>;
}

/** What is known of a node. */
interface INode {
  spans: ISpan[];
  /** How long a time is to be at least, in seconds. */
  least: number;
  last: DevicesLoad;
}

/**
 * How busy the devices are, and were since the engine started. However long that is, it takes no more room: the times of
 * which it knows become longer. It is in no journal.
 */
export class DeviceLoads {
  private readonly _nodes = new Map<string, INode>();
  private _kept: readonly Pick<NodeState, 'id'>[] | undefined;

  /** Take in what an agent tells. */
  note(told: DevicesLoad): void {
    const node = this._nodes.get(told.node) ?? { spans: [], least: 0, last: told };
    node.last = told;
    this._nodes.set(told.node, node);
    const span = spanOf(told);
    const previous = node.spans.at(-1);
    if (previous && joins(previous, span, node.least)) {
      node.spans[node.spans.length - 1] = joined(previous, span);
    } else {
      node.spans.push(span);
    }
    if (node.spans.length > MOST) {
      node.spans = thinned(node.spans, MOST / 2);
      node.least = Math.max(...node.spans.map(({ start, end }) => end - start));
    }
  }

  /** Forget all nodes but some: the others have left for good. */
  keep(nodes: readonly Pick<NodeState, 'id'>[] | undefined): void {
    if (nodes === this._kept) {
      return;
    }
    this._kept = nodes;
    const ids = new Set(nodes?.map(({ id }) => id));
    for (const node of this._nodes.keys()) {
      if (!ids.has(node)) {
        this._nodes.delete(node);
      }
    }
  }

  /**
   * What is known.
   *
   * @param points - at most so many times of each node.
   * @param now - seconds since the epoch.
   */
  read(points: number = TOLD, now: number): EngineMessages['load'] {
    return { nodes: [...this._nodes].map(([node, known]) => answer(node, known, points, now)) };
  }
}

function spanOf({ time, seconds, devices }: DevicesLoad): ISpan {
  return {
    start: time - seconds,
    end: time,
    devices: new Map(devices.map(device => [device.id, useOf(device)]))
  };
}

function useOf({ load, memoryBytes, totalBytes }: DeviceLoad): IUse {
  return {
    load: load ?? null,
    memory: memoryBytes === undefined || !totalBytes ? null : Math.min(1, memoryBytes / totalBytes)
  };
}

/** Whether a time goes on where another ends, and that one is not long enough yet. */
function joins(previous: ISpan, next: ISpan, least: number): boolean {
  const length = previous.end - previous.start;
  return length < least && next.start - previous.end <= next.end - next.start;
}

function joined(a: ISpan, b: ISpan): ISpan {
  const ids = new Set([...a.devices.keys(), ...b.devices.keys()]);
  const [first, second] = [a.end - a.start, b.end - b.start];
  const devices = [...ids].map((id): [string, IUse] => {
    const [one, other] = [a.devices.get(id), b.devices.get(id)];
    const [x, y] = [one?.load ?? null, other?.load ?? null];
    return [
      id,
      {
        load: x === null || y === null ? (x ?? y) : (x * first + y * second) / (first + second),
        memory: one?.memory == null ? (other?.memory ?? null) : Math.max(one.memory, other?.memory ?? 0)
      }
    ];
  });
  return { start: a.start, end: b.end, devices: new Map(devices) };
}

/** At most so many times, made of neighbours; what no one told of in between stays apart as long as there is room. */
function thinned(spans: readonly ISpan[], most: number): ISpan[] {
  let thin = [...spans];
  while (thin.length > most) {
    thin = thin.reduce<ISpan[]>((all, span, i) => {
      const before = i % 2 === 1 ? all.pop() : undefined;
      all.push(before ? joined(before, span) : span);
      return all;
    }, []);
  }
  return thin;
}

function answer(node: string, { spans, last }: INode, points: number, now: number): NodeLoad {
  const shown = thinned(spans, points);
  const ids = [...new Set(shown.flatMap(({ devices }) => [...devices.keys()]))];
  const isFresh = now - last.time <= FRESH;
  const current = new Map(isFresh ? last.devices.map(device => [device.id, device]) : []);
  return {
    node,
    starts: shown.map(({ start }) => rounded(start, 10)),
    ends: shown.map(({ end }) => rounded(end, 10)),
    devices: ids.map(id => {
      const uses = shown.map(({ devices }) => devices.get(id));
      const one = current.get(id);
      return {
        id,
        loads: uses.map(use => (use?.load == null ? null : rounded(use.load, 100))),
        memory: uses.map(use => (use?.memory == null ? null : rounded(use.memory, 100))),
        ...(one && { now: one })
      };
    })
  };
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
