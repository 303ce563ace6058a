/**
 * `npm run bench -- fleet`: what the engine costs that decides for 2, 10, 30 and 100 nodes of 8 devices, with ten tasks a node: a
 * real engine, and simulated agents that say all that real ones would. `-- fleet --nodes 10 --seconds 30` is one size, and
 * tasks of another middle length on one device; `--question FILE` writes the first question to the planner.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { planRequest } from '../../src/core/session/planRequest.js';
import type { SessionState } from '../../src/core/wire/messages.js';
import type { IEngineSeconds } from './fleet/engineProcess.js';
import { Fleet } from './fleet/fleet.js';
import { FleetWork } from './fleet/fleetWork.js';

const DEVICES = 8;
const TASKS_A_NODE = 10;
const KINDS = 12;

/** How often memory is looked at, and whether a plan is being made, in milliseconds. */
const LOOK = 500;

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '2,10,30,100' },
    seconds: { type: 'string', default: '60' },
    question: { type: 'string' }
  }
});
const HEAD = [
  'nodes',
  'tasks',
  'built',
  'planned',
  'its CPU',
  'run',
  'plan s',
  'engine s',
  'of a core',
  'others s'
];
const MORE = ['memory', 'agents/s', 'client/s', 'told', 'state', 'gap ms', 'plans'];
console.log([...HEAD, ...MORE].map(cell => cell.padStart(10)).join(''));
for (const nodes of flags.nodes.split(',').map(Number)) {
  console.log((await measure(nodes)).map(cell => cell.padStart(10)).join(''));
}
console.log(`
built: until all tasks were. planned: from then on, trials and first plan; its CPU: processor time of the engine\nuntil then. run: from the first start to the last end; plan s: what is
to be done, by the plan. engine s: processor time of the engine's own thread in the run, and as a share of a core; others s: of all
its other threads, mostly the planner's. memory: the most. agents/s: messages of agents and to them. client/s: messages to a
client, told: bytes of them. state: the whole, as told to who attaches. gap: from an end to the next start on a device, median and
the longest of 99 in 100.`);

async function measure(nodes: number): Promise<string[]> {
  const fleet = new Fleet(nodes, DEVICES, new FleetWork(TASKS_A_NODE * nodes, KINDS, Number(flags.seconds)));
  const { client, engine, traffic } = fleet;
  const look = setInterval(() => engine.mostBytes(), LOOK);
  try {
    const begun = Date.now();
    await fleet.prepare();
    const built = Date.now();
    await client.ask('plan', {});
    const planned = await client.until(({ plan, planning }) => plan?.fresh === true && !planning);
    const plannedAt = Date.now();
    if (flags.question !== undefined) {
      writeFileSync(flags.question, JSON.stringify(planRequest(planned, plannedAt / 1000)));
    }
    const preparing = engine.seconds();
    const before = { ...preparing, said: traffic.said + traffic.heard, ...client.told };
    traffic.gaps.length = 0;
    await client.ask('run', {});
    let plans = 0;
    let madeAt = planned.plan?.madeAt;
    const over = await client.until(state => {
      plans += Number(state.plan?.madeAt !== madeAt);
      madeAt = state.plan?.madeAt;
      return isOver(state);
    });
    const seconds = (Date.now() - plannedAt) / 1000;
    const used = less(engine.seconds(), before);
    const gaps = traffic.gaps.sort((a, b) => a - b).map(gap => gap * 1000);
    const rate = (count: number): string => (count / seconds).toFixed(0);
    return [
      String(nodes),
      String(over.tasks.length),
      ((built - begun) / 1000).toFixed(1),
      ((plannedAt - built) / 1000).toFixed(1),
      (preparing.main + preparing.others).toFixed(1),
      seconds.toFixed(1),
      (planned.plan?.plan.makespan ?? 0).toFixed(1),
      used.main.toFixed(1),
      `${((100 * used.main) / seconds).toFixed(0)} %`,
      used.others.toFixed(1),
      `${(engine.mostBytes() / 1e6).toFixed(0)} MB`,
      rate(traffic.said + traffic.heard - before.said),
      ((client.told.messages - before.messages) / seconds).toFixed(1),
      `${((client.told.bytes - before.bytes) / 1e6).toFixed(1)} MB`,
      `${(JSON.stringify(over).length / 1e6).toFixed(2)} MB`,
      `${at(gaps, 0.5)}/${at(gaps, 0.99)}`,
      String(plans)
    ];
  } finally {
    clearInterval(look);
    await fleet.close();
  }
}

function isOver({ tasks, goal }: SessionState): boolean {
  const failed = tasks.find(({ status }) => status === 'failed' || status === 'invalid');
  if (failed) {
    throw new Error(`${failed.spec.name} has failed: ${failed.error?.message}`);
  }
  return goal === 'none' && tasks.every(({ status }) => status === 'finished');
}

function less(after: IEngineSeconds, before: IEngineSeconds): IEngineSeconds {
  return { main: after.main - before.main, others: after.others - before.others };
}

/** The value of a sorted list that a share of it is below. */
function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0);
}
