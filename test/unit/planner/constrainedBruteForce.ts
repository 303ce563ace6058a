import type { PlanOption, PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';

/** Something to be placed, in one of several ways. */
interface IPiece {
  tasks: PlanTask[];
  ways: { devices: [number, number][]; seconds: number }[];
  /** Where it goes on from 0 on, if it may. */
  kept?: { devices: [number, number][]; seconds: number };
}

interface IPlaced {
  start: number;
  end: number;
  devices: [number, number][];
  tasks: PlanTask[];
}

/**
 * The least makespan, or sum of weighted ends, of the plans that meet all constraints; Infinity when there is none. Tries
 * every order of starts, strategy, set of devices and fusion. Tasks that nothing can run are left out.
 */
export function bruteForceWithConstraints(request: PlanRequest): number {
  const fixed: IPlaced[] = [];
  const pieces: IPiece[] = [];
  for (const task of request.tasks) {
    const going = goingOn(request, task);
    const ways = waysOf(request, [task], task.options);
    const unpinned = waysOf(request, [{ ...task, pin: undefined }], task.options);
    if (going !== undefined && (request.switches !== 'running' || unpinned.length === 0)) {
      if (!meetsPin(task)) {
        return Infinity;
      }
      fixed.push({ start: 0, end: going.seconds, devices: going.devices, tasks: [task] });
    } else if (unpinned.length > 0) {
      pieces.push({ tasks: [task], ways, ...(going !== undefined && meetsPin(task) && { kept: going }) });
    }
  }
  let best = solve(request, fixed, pieces);
  for (const fusion of request.fusions ?? []) {
    const members = pieces.filter(piece => fusion.tasks.includes(piece.tasks[0]!.name));
    if (members.length === fusion.tasks.length && members.every(({ kept }) => kept === undefined)) {
      const tasks = members.map(piece => piece.tasks[0]!);
      const rest = pieces.filter(piece => !members.includes(piece));
      const ways = waysOf(request, tasks, fusion.options);
      best = Math.min(best, solve(request, fixed, [...rest, { tasks, ways }]));
    }
  }
  return best;
}

function meetsPin({ running, pin }: PlanTask): boolean {
  const { strategy = running!.strategy, node = running!.node, devices = running!.devices } = pin ?? {};
  return (
    (pin?.technique ?? running!.strategy.technique) === running!.strategy.technique &&
    (pin?.count ?? running!.strategy.devices) === running!.strategy.devices &&
    strategy.technique === running!.strategy.technique &&
    strategy.devices === running!.strategy.devices &&
    node === running!.node &&
    running!.devices.every(device => devices.includes(device))
  );
}

function solve(request: PlanRequest, fixed: IPlaced[], pieces: IPiece[]): number {
  let best = Infinity;
  const movable = pieces.filter(piece => piece.kept !== undefined);
  for (let mask = 0; mask < 1 << movable.length; mask++) {
    const kept = movable.filter((_, i) => mask & (1 << i));
    const placed = kept.map(({ tasks, kept: place }) => ({
      start: 0,
      end: place!.seconds,
      devices: place!.devices,
      tasks
    }));
    const rest = pieces.filter(piece => !kept.includes(piece));
    best = Math.min(best, explore(request, [...fixed, ...placed], rest, best));
  }
  return best;
}

function explore(request: PlanRequest, placed: IPlaced[], left: IPiece[], best: number): number {
  if (left.length === 0) {
    return meetsAll(request, placed) ? objectiveOf(request, placed) : Infinity;
  }
  let least = best;
  for (const piece of left) {
    const rest = left.filter(other => other !== piece);
    for (const { devices, seconds } of piece.ways) {
      const release = Math.max(...piece.tasks.map(task => task.earliestStart ?? 0));
      const start = startOf(request, placed, devices, release);
      const run = { start, end: start + seconds, devices, tasks: piece.tasks };
      if (piece.tasks.every(({ deadline = Infinity }) => run.end <= deadline)) {
        least = Math.min(least, explore(request, [...placed, run], rest, least));
      }
    }
  }
  return least;
}

function startOf(
  request: PlanRequest,
  placed: IPlaced[],
  devices: [number, number][],
  release: number
): number {
  const { concurrent = Infinity } = request.limits ?? {};
  const times = [release, ...placed.map(run => run.end).filter(end => end > release)].sort((a, b) => a - b);
  return times.find(time => {
    const open = placed.filter(run => run.end > time);
    return (
      open.length < concurrent &&
      open.every(run => !run.devices.some(([n, d]) => devices.some(([m, e]) => n === m && d === e)))
    );
  })!;
}

function meetsAll(request: PlanRequest, placed: IPlaced[]): boolean {
  const { concurrent = Infinity, deviceSeconds = Infinity, cost = Infinity } = request.limits ?? {};
  const price = (node: number) => (request.prices?.[request.cluster.nodes[node]!.id] ?? 0) / 3600;
  const spent = placed.reduce((sum, run) => sum + (run.end - run.start) * run.devices.length, 0);
  const paid = placed.reduce(
    (sum, run) => sum + run.devices.reduce((own, [node]) => own + (run.end - run.start) * price(node), 0),
    0
  );
  return (
    placed.filter(run => run.start === 0).length <= concurrent &&
    spent <= deviceSeconds * (1 + 1e-9) &&
    paid <= cost * (1 + 1e-9) &&
    placed.every(run =>
      run.tasks.every(
        ({ deadline = Infinity, earliestStart = 0 }) => run.end <= deadline && run.start >= earliestStart
      )
    )
  );
}

function objectiveOf(request: PlanRequest, placed: IPlaced[]): number {
  return request.objective === 'weighted-completion'
    ? placed.reduce(
        (sum, run) => sum + run.tasks.reduce((own, { weight = 1 }) => own + weight * run.end, 0),
        0
      )
    : placed.reduce((latest, run) => Math.max(latest, run.end), 0);
}

/** Where a running task goes on, whatever it constraints. */
function goingOn({ cluster }: PlanRequest, { running, options, steps }: PlanTask): IPiece['kept'] {
  if (running === undefined) {
    return undefined;
  }
  const { technique, devices: count } = running.strategy;
  const option = options.find(
    ({ strategy }) => strategy.technique === technique && strategy.devices === count
  )!;
  const node = cluster.nodes.findIndex(({ id }) => id === running.node);
  return {
    devices: running.devices.map(id => [
      node,
      cluster.nodes[node]!.devices.findIndex(device => device.id === id)
    ]),
    seconds: steps * option.stepSeconds
  };
}

/** Every set of devices on which tasks may run together, under the pins of all. */
function waysOf({ cluster }: PlanRequest, tasks: PlanTask[], options: PlanOption[]): IPiece['ways'] {
  const steps = Math.max(...tasks.map(task => task.steps));
  const { running } = tasks[0]!;
  const leaving = tasks[0]!.options.find(
    ({ strategy }) =>
      strategy.technique === running?.strategy.technique && strategy.devices === running.strategy.devices
  );
  return options.flatMap(({ strategy, stepSeconds, startSeconds, peakBytes = 0, nodes, span = 1 }) => {
    const pinned = tasks.every(
      ({ pin }) =>
        (pin?.technique ?? strategy.technique) === strategy.technique &&
        (pin?.count ?? strategy.devices) === strategy.devices &&
        (pin?.strategy === undefined ||
          (pin.strategy.technique === strategy.technique && pin.strategy.devices === strategy.devices))
    );
    if (!pinned) {
      return [];
    }
    const able = cluster.nodes.map(({ id, devices }, node) =>
      devices.flatMap((device, d): [number, number][] =>
        device.memoryBytes >= peakBytes &&
        (nodes?.includes(id) ?? true) &&
        tasks.every(
          ({ pin }) =>
            (pin?.node ?? id) === id && (pin?.devices === undefined || pin.devices.includes(device.id))
        )
          ? [[node, d]]
          : []
      )
    );
    const share = strategy.devices / span;
    const seconds = (leaving?.stopSeconds ?? 0) + startSeconds + steps * stepSeconds;
    return subsets([...able.keys()], span)
      .flatMap(chosen =>
        chosen.reduce<[number, number][][]>(
          (made, node) => made.flatMap(own => subsets(able[node]!, share).map(more => [...own, ...more])),
          [[]]
        )
      )
      .map(devices => ({ devices, seconds }));
  });
}

function subsets<T>(items: T[], size: number): T[][] {
  if (size === 0) {
    return [[]];
  }
  return items.flatMap((item, i) => subsets(items.slice(i + 1), size - 1).map(rest => [item, ...rest]));
}
