import type { Highs } from 'highs';
import { modelAt } from '../../../src/core/model/deviceModels.js';
import { cellKey } from '../../../src/core/model/strategy.js';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { Command } from '../../../src/core/session/command.js';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type {
  Plan,
  PlanBudget,
  ProfileCell,
  SessionEvent,
  SessionState
} from '../../../src/core/wire/messages.js';
import { type IGroundTruth, normal } from './groundTruth.js';

/** Two measurements of the same differ by about this share. */
const NOISE = 0.02;

/** What profiling a world came to. */
export interface IOutcome {
  state: SessionState;
  /** Cells in the order they were tried. */
  trials: ProfileCell[];
  /** Plans asked for to choose trials. */
  probes: number;
}

/** Profile a world with the session's own state machine, and trials that answer what is true but for some noise. */
export async function profile(
  world: IGroundTruth,
  seed: number,
  options: { full?: boolean; loadHighs?: () => Promise<Highs> } = {}
): Promise<IOutcome> {
  const random = mulberry32(seed);
  const pending: Command[] = [];
  const trials: ProfileCell[] = [];
  let session = emptySession('bench', '/');
  let clock = 0;
  let probes = 0;
  const feed = (event: SessionEvent): void => {
    const next = step(session, event, clock++);
    session = next.session;
    pending.push(...next.commands);
  };
  for (const [index, node] of world.nodes.entries()) {
    const hello = { node, groups: [], trials: [], inspecting: [], ...(index > 0 && { far: true }) };
    feed({ kind: 'agent-connected', hello });
  }
  feed({ kind: 'tasks-added', tasks: world.tasks.map(task => task.spec) });
  for (const { spec, inspection } of world.tasks) {
    feed({ kind: 'inspected', result: { task: spec.name, hash: spec.hash, inspection } });
  }
  feed({ kind: 'profile-requested', ...(options.full && { full: true }) });
  for (let command = pending.shift(); command; command = pending.shift()) {
    if (command.kind === 'trial') {
      const { trial, signature, strategy, devices } = command.body;
      const model = modelAt({ nodes: world.nodes }, { node: command.node, devices });
      const true_ = world.truth.get(cellKey(signature, strategy, model));
      const cell: ProfileCell = {
        signature,
        strategy,
        ...(model !== undefined && { model }),
        source: 'measured',
        ...(true_
          ? {
              status: 'ok',
              stepSeconds: true_.stepSeconds * Math.exp(NOISE * normal(random)),
              startSeconds: true_.startSeconds,
              peakBytes: true_.peakBytes
            }
          : { status: 'oom' })
      };
      trials.push(cell);
      feed({ kind: 'trial-finished', trial, cell });
    } else if (command.kind === 'plan') {
      probes++;
      const { planRevision: basis, request } = command;
      feed({ kind: 'plan-made', plan: await plan(request, planOptions(options)), basis });
    }
  }
  return { state: session.state, trials, probes };
}

/** How long the tasks truly take when the plan of what is known is followed. */
export async function makespanOf(
  world: IGroundTruth,
  state: SessionState,
  budget: PlanBudget,
  options: { loadHighs?: () => Promise<Highs> } = {}
): Promise<number> {
  const made = await plan(planRequest(state, 0, { budget, explain: false }), planOptions(options));
  return follow(world, made);
}

/** A state in which everything is known as it is. */
export function omniscient(world: IGroundTruth, state: SessionState): SessionState {
  const signatures = new Set(world.tasks.map(task => task.inspection.signature));
  const models = new Set(world.nodes.flatMap(node => node.devices.map(({ model }) => model)));
  const cells = [...signatures].flatMap(signature =>
    [...models].flatMap(model =>
      [...world.truth]
        .filter(([key, { strategy }]) => key === cellKey(signature, strategy, model))
        .map(
          ([, option]): ProfileCell => ({
            signature,
            strategy: option.strategy,
            ...(model !== undefined && { model }),
            status: 'ok',
            source: 'measured',
            stepSeconds: option.stepSeconds,
            startSeconds: option.startSeconds
          })
        )
    )
  );
  return { ...state, cells };
}

/** Each device follows the plan's order. */
function follow(world: IGroundTruth, made: Plan): number {
  const inspections = new Map(world.tasks.map(task => [task.spec.name, task.inspection]));
  const freeAt = new Map<string, number>();
  let makespan = made.unplanned.length > 0 ? Infinity : 0;
  for (const segment of [...made.segments].sort((a, b) => a.start - b.start)) {
    const { signature } = inspections.get(segment.task)!;
    const model = modelAt({ nodes: world.nodes }, segment);
    const option = world.truth.get(cellKey(signature, segment.strategy, model));
    const keys = segment.devices.map(device => `${segment.node} ${device}`);
    const start = Math.max(...keys.map(key => freeAt.get(key) ?? 0));
    const end = start + (option ? option.startSeconds + segment.steps * option.stepSeconds : Infinity);
    for (const key of keys) {
      freeAt.set(key, end);
    }
    makespan = Math.max(makespan, end);
  }
  return makespan;
}

function planOptions({ loadHighs }: { loadHighs?: () => Promise<Highs> }): {
  loadHighs?: () => Promise<Highs>;
} {
  return loadHighs ? { loadHighs } : {};
}
