import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { strategyKey } from '../../src/core/model/strategy.js';
import type { Plan, PlanRequest } from '../../src/core/wire/messages.js';

/** What another solver says of a case. */
export interface IPeerAnswer {
  /** Null when it found no plan. */
  makespan: number | null;
  bound: number;
  status: string;
  seconds: number;
}

/** Solvers run from Python, one thread each. */
export type Peer = 'cp_sat' | 'paper_cbc';

/**
 * Ask another solver.
 *
 * @param python - an interpreter with `peers/requirements.txt` installed.
 * @param hint - a plan to start from.
 */
export function askPeer(
  python: string,
  peer: Peer,
  request: PlanRequest,
  seconds: number,
  hint?: Plan
): Promise<IPeerAnswer> {
  const child = spawn(python, [join('test', 'bench', 'peers', `${peer}.py`)], {
    stdio: ['pipe', 'pipe', 'inherit']
  });
  child.stdin.end(JSON.stringify({ ...instanceOf(request, hint), seconds }));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code =>
      code === 0
        ? resolve(JSON.parse(output) as IPeerAnswer)
        : reject(new Error(`${peer} exited with ${code}`))
    );
  });
}

/** The case without names: of each task the fastest option at every device count. */
function instanceOf({ cluster, tasks }: PlanRequest, hint: Plan | undefined) {
  const fastest = tasks.map(task => {
    const best = new Map<number, { seconds: number; key: string }>();
    for (const { strategy, stepSeconds, startSeconds } of task.options) {
      const seconds = startSeconds + task.steps * stepSeconds;
      if (seconds < (best.get(strategy.devices)?.seconds ?? Infinity)) {
        best.set(strategy.devices, { seconds, key: strategyKey(strategy) });
      }
    }
    return [...best].map(([devices, option]) => ({ devices, ...option }));
  });
  const of = new Map(hint?.segments.map(segment => [segment.task, segment]));
  return {
    nodes: cluster.nodes.map(node => node.devices.length),
    jobs: fastest.map(options => options.map(({ devices, seconds }) => [devices, seconds])),
    ...(hint !== undefined && {
      hint: tasks.map((task, job) => {
        const segment = of.get(task.name)!;
        const key = strategyKey(segment.strategy);
        return {
          config: fastest[job]!.findIndex(option => option.key === key),
          node: cluster.nodes.findIndex(node => node.id === segment.node),
          start: Math.floor(segment.start)
        };
      })
    })
  };
}
