/**
 * `npm run bench:live`: policies run for real, on virtual devices with tasks that sleep as long as steps would take.
 * `-- --simulated` is the session on virtual time, without processes, where estimates are wrong: in many draws of errors;
 * `-- --quick` is four small tasks only; `-- --scale 3000` makes the paper's hours so many times as short;
 * `-- stops` is a sweep with a rule that gives up tasks, beside one who knows which;
 * `-- --only txt,cells` runs some of the settings, `-- --ways once,moves` some of the policies, `-- --draws 5` more draws of errors.
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import loadHighs from 'highs';
import { measureOverheads } from './live/overheads.js';
import { play } from './live/play.js';
import { CLAIRVOYANT, type IResult, LEGEND, summary, table } from './live/report.js';
import { clairvoyant, type IOverheads, known } from './live/scenes.js';
import {
  type ISetting,
  quickSettings,
  settingsOf,
  simulatedSettings,
  stopsSettings
} from './live/settings.js';
import { playVirtually } from './live/virtual.js';
import { waysAt } from './live/ways.js';
import { write } from './paper/files.js';
import type { IScenario } from './simulation/scenario.js';

/** A run that takes more than so many times what the simulator says, and a minute, is given up. */
const PATIENCE = 3;

const wasm = createRequire(import.meta.url).resolve('highs/runtime');
const loading = loadHighs({ locateFile: () => wasm });
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    simulated: { type: 'boolean', default: false },
    scale: { type: 'string' },
    draws: { type: 'string' },
    only: { type: 'string' },
    ways: { type: 'string' },
    out: { type: 'string', default: 'out/bench' }
  }
});
const [kind, ...others] = chosen('kind of settings', positionals.join() || undefined, ['stops'], []);
if (others.length > 0) {
  throw new Error(`One kind of settings at a time, not ${positionals.join(' and ')}.`);
}
const scale = number('scale', flags.scale ?? (flags.simulated || kind ? '1' : '1500'));
const draws = number('draws', flags.draws ?? (flags.simulated ? '20' : '3'));
const overheads = flags.simulated ? undefined : await measureOverheads(flags.quick ? 4 : 8);
const settings = settingsBy(overheads);
const only = chosen('setting', flags.only, Object.keys(settings));
const ways = chosen('policy', flags.ways, [...Object.keys(waysAt(1, () => loading)), 'truth', 'clairvoyant']);
const results: IResult[] = [];
for (const { title, scenarios, ways: own, scale } of only.map(name => settings[name]!)) {
  for (const [index, scenario] of scenarios.entries()) {
    for (const way of own.filter(one => ways.includes(one))) {
      const drawn = scenarios.length > 1 ? { draw: index + 1 } : {};
      results.push({ setting: title, ...drawn, ...(await measure(scenario, way, scale)) });
      console.log(table(results.slice(-1)).at(-1));
      const text = JSON.stringify({ scale, simulated: flags.simulated, results }, undefined, 2);
      write(flags.out, new Map([['live.json', `${text}\n`]]));
    }
  }
}
if (overheads) {
  const costs = (flags.quick ? [1, 2, 4] : [1, 2, 4, 8]).map(
    count => `${count}: ${overheads.start(count).toFixed(2)} and ${overheads.end(count).toFixed(2)}`
  );
  console.log(`\nSeconds of a start and an end, by devices: ${costs.join('; ')}.`);
}
console.log(['', ...table(results), '', ...LEGEND, '', ...summary(results)].join('\n'));
console.log(`Numbers: ${flags.out}/live.json`);

/** Run a policy in the simulator, and for real unless only that is asked for. What goes wrong is a result, too. */
async function measure(
  scenario: IScenario,
  name: ISetting['ways'][number],
  scale: number
): Promise<Omit<IResult, 'setting'>> {
  const all = waysAt(scale, () => loading);
  const [way, world, policy] =
    name === 'truth'
      ? [all.once, known(scenario), 'knows the truth']
      : name === 'clairvoyant'
        ? [all.moves, clairvoyant(scenario), CLAIRVOYANT]
        : [all[name], scenario, all[name].name];
  try {
    const simulated = await playVirtually(world, way);
    const { makespan, switches } = simulated;
    const result = { policy, simulated: { makespan, switches } };
    return flags.simulated ? result : { ...result, live: await play(world, way, PATIENCE * makespan + 60) };
  } catch (error) {
    return { policy, refused: error instanceof Error ? error.message : String(error) };
  }
}

function settingsBy(overheads: IOverheads | undefined): Record<string, ISetting> {
  if (kind === 'stops') {
    return stopsSettings({ scale, overheads, draws });
  }
  if (overheads === undefined) {
    return simulatedSettings({ scale, draws });
  }
  return flags.quick ? quickSettings(overheads) : settingsOf({ scale, overheads, draws });
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) {
    throw new Error(`--${name} takes a number above 0, not "${text}".`);
  }
  return value;
}

function chosen(what: string, text: string | undefined, all: string[], usual = all): string[] {
  const names = text?.split(',') ?? usual;
  const unknown = names.find(name => !all.includes(name));
  if (unknown !== undefined) {
    throw new Error(`There is no ${what} "${unknown}"; there are: ${all.join(', ')}.`);
  }
  return names;
}
