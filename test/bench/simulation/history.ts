import { strategyKey } from '../../../src/core/model/strategy.js';
import type { Strategy } from '../../../src/core/wire/messages.js';
import { type IScenario, trueStepSeconds } from './scenario.js';

/** What a task did on some devices from taking them to giving them back. */
export interface IRun {
  task: string;
  strategy: Strategy;
  node: string;
  devices: string[];
  start: number;
  end: number;
  /** Steps that count: whole ones, and after a loss those up to the last checkpoint. */
  steps: number;
  /** Seconds spent on starting and on the checkpoint before a switch. */
  overheadSeconds: number;
  /** Why it ended. `stopped`: the task ended of itself, before its last step. */
  outcome: 'done' | 'stopped' | 'switched' | 'lost';
}

/** What happened. */
export interface IHistory {
  runs: IRun[];
  /** When the last task ended, in seconds. */
  makespan: number;
  /** The makespan of the first plan, as the policy expected it. */
  expected: number;
  /** How often a running task was moved, by plan or by a change of mind. */
  switches: number;
  /** How often a plan was taken up. */
  plans: number;
  /** Device-seconds of training that counted, over all device-seconds until the end. */
  utilisation: number;
  /** Tasks for which there was no way to run. */
  unfinished: string[];
}

/** Two times may differ by this share of the whole: rounding, no more. */
const TOLERANCE = 1e-9;

/**
 * Check that something could have happened so, by the scenario alone: nothing here is shared with the simulator.
 *
 * @returns what is wrong, one sentence each.
 */
export function checkHistory(scenario: IScenario, history: IHistory): string[] {
  const slack = TOLERANCE * Math.max(1, history.makespan);
  const wrong: string[] = [];
  for (const entry of scenario.tasks) {
    const { name, steps, options } = entry.task;
    const runs = history.runs.filter(run => run.task === name);
    const say = (problem: string) => wrong.push(`Task "${name}" ${problem}.`);
    for (const [i, run] of runs.entries()) {
      const option = options.find(each => strategyKey(each.strategy) === strategyKey(run.strategy));
      if (option === undefined || run.devices.length !== run.strategy.devices) {
        say('runs by a strategy it does not have');
        continue;
      }
      if (run.start < Math.max(entry.arrival ?? 0, runs[i - 1]?.end ?? 0) - slack) {
        say('runs before it may');
      }
      const step = trueStepSeconds(entry, run.strategy);
      const took = run.end - run.start - run.overheadSeconds - run.steps * step;
      const unfinishedStep = run.outcome === 'switched' ? step : run.outcome === 'lost' ? Infinity : 0;
      if (took < -slack || took > unfinishedStep + slack) {
        say(`takes ${run.end - run.start} s for ${run.steps} steps`);
      }
      const start = run.outcome === 'lost' ? 0 : option.startSeconds;
      if (run.overheadSeconds < start - slack && run.steps > 0) {
        say('does not pay its start');
      }
    }
    const done = runs.reduce((sum, run) => sum + run.steps, 0);
    const expected = Math.min(steps, entry.endsAfter ?? Infinity);
    if (!history.unfinished.includes(name) && (runs.length === 0 || done !== expected)) {
      say(`does ${done} of ${expected} steps`);
    }
  }
  return [...wrong, ...checkDevices(scenario, history, slack)];
}

/** No device does two things at once, or anything while it is not there. */
function checkDevices(scenario: IScenario, history: IHistory, slack: number): string[] {
  const wrong: string[] = [];
  for (const node of scenario.cluster.nodes) {
    for (const { id } of node.devices) {
      const runs = history.runs
        .filter(run => run.node === node.id && run.devices.includes(id))
        .sort((a, b) => a.start - b.start || a.end - b.end);
      for (const [i, run] of runs.entries()) {
        if (i > 0 && run.start < runs[i - 1]!.end - slack) {
          wrong.push(`Device "${id}" of "${node.id}" runs "${run.task}" and "${runs[i - 1]!.task}" at once.`);
        }
        for (const outage of scenario.outages ?? []) {
          const out = outage.node === node.id && outage.device === id;
          if (out && run.start < (outage.until ?? Infinity) - slack && run.end > outage.from + slack) {
            wrong.push(`Device "${id}" of "${node.id}" runs "${run.task}" while it is not there.`);
          }
        }
      }
    }
  }
  return wrong;
}
