/**
 * `npm run bench:live`: policies run for real, on virtual devices with tasks that sleep as long as steps would take.
 * `-- --quick` is four small tasks only; `-- --scale 2000` makes the paper's hours so many times as short;
 * `-- --only txt,cells` runs some of the settings.
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import loadHighs from 'highs';
import { measureOverheads } from './live/overheads.js';
import { play } from './live/play.js';
import { type IResult, LEGEND, table } from './live/report.js';
import {
  known,
  paperScene,
  smallScene,
  withCellErrors,
  withChanges,
  withCommonErrors,
  withEnds
} from './live/scenes.js';
import { type WayName, waysAt } from './live/ways.js';
import { write } from './paper/files.js';
import type { IScenario } from './simulation/scenario.js';
import { simulate } from './simulation/simulator.js';

/** By how much estimates are off where they are. */
const ERROR = 0.3;

/** The draw of errors: of the first twelve, one for whom the gain of who knows the truth is about the median. */
const SEED = 4;

interface ISetting {
  title: string;
  scenario: IScenario;
  /** Those who know the truth are given {@link known}. */
  ways: (WayName | 'truth')[];
}

const wasm = createRequire(import.meta.url).resolve('highs/runtime');
const loading = loadHighs({ locateFile: () => wasm });
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    scale: { type: 'string', default: '1000' },
    only: { type: 'string' },
    ways: { type: 'string' },
    out: { type: 'string', default: 'out/bench' }
  }
});
const scale = Number(flags.scale);
const ways = waysAt(scale, () => loading);

const overheads = await measureOverheads(flags.quick ? 4 : 8);
const settings = flags.quick ? small() : large();
const chosen = flags.only?.split(',') ?? Object.keys(settings);
const wanted = flags.ways?.split(',');
const results: IResult[] = [];
for (const name of chosen) {
  const setting = settings[name];
  if (setting === undefined) {
    throw new Error(`There is no setting "${name}"; there are: ${Object.keys(settings).join(', ')}.`);
  }
  for (const way of setting.ways.filter(one => wanted?.includes(one) ?? true)) {
    const result = await measure(setting, way);
    results.push(result);
    console.log(table([result]).slice(-1)[0]);
  }
}
const costs = (flags.quick ? [1, 2, 4] : [1, 2, 4, 8]).map(
  count => `${count}: ${overheads.start(count).toFixed(2)} and ${overheads.end(count).toFixed(2)}`
);
console.log(`\nSeconds of a start and an end, by devices: ${costs.join('; ')}.`);
console.log(['', ...table(results), '', ...LEGEND].join('\n'));
write(flags.out, new Map([['live.json', `${JSON.stringify({ scale, results }, undefined, 2)}\n`]]));
console.log(`Numbers: ${flags.out}/live.json`);

/** Run a policy for real and in the simulator. */
async function measure({ title, scenario }: ISetting, name: ISetting['ways'][number]): Promise<IResult> {
  const way = ways[name === 'truth' ? 'once' : name];
  const world = name === 'truth' ? known(scenario) : scenario;
  const policy = name === 'truth' ? 'knows the truth' : way.name;
  const simulated = await simulate(withEnds(world), way.simulated);
  try {
    return { setting: title, policy, live: await play(world, way), simulated };
  } catch (error) {
    return { setting: title, policy, refused: error instanceof Error ? error.message : String(error) };
  }
}

function small(): Record<string, ISetting> {
  const scenario = smallScene(overheads);
  return { small: { title: 'four tasks, four devices', scenario, ways: ['current', 'once'] } };
}

function large(): Record<string, ISetting> {
  const txt = paperScene('txt', scale, overheads);
  const img = paperScene('img', scale, overheads);
  const cells = withCellErrors(txt, ERROR, SEED);
  const common = withCommonErrors(txt, ERROR, SEED);
  const midway = 25_000 / scale;
  const changes = withChanges(txt, { 1: 0.2, 4: 0.3, 7: 0.1 }, { 5: midway, 11: midway });
  const all: WayName[] = ['current', 'random', 'optimus', 'once', 'interval', 'moves'];
  const errors: ISetting['ways'] = ['once', 'interval', 'moves', 'truth'];
  return {
    txt: { title: 'TXT', scenario: txt, ways: [...all, 'once'] },
    img: { title: 'IMG', scenario: img, ways: all },
    cells: { title: `TXT, each cell ${100 * ERROR} % off`, scenario: cells, ways: errors },
    common: { title: `TXT, each task ${100 * ERROR} % off`, scenario: common, ways: errors },
    changes: { title: 'TXT, 3 stopped and 2 added', scenario: changes, ways: ['current', 'once', 'moves'] },
    cold: { title: 'TXT, nothing known', scenario: txt, ways: ['cold', 'truth'] }
  };
}
