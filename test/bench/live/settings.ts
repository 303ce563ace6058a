import type { IScenario } from '../simulation/scenario.js';
import {
  type IOverheads,
  paperScene,
  smallScene,
  stopsScene,
  withCellErrors,
  withChanges,
  withCommonErrors
} from './scenes.js';
import type { WayName } from './ways.js';

/** By how much estimates are off where they are. */
const ERROR = 0.3;

/** What happens midway, by index of the task: the share of steps after which it ends, and who comes in the middle. */
const ENDS = { 1: 0.2, 4: 0.3, 7: 0.1 };
const ARRIVALS = [5, 11];

/** Seconds of the paper's after which they come. */
const MIDWAY = 25_000;

/** A world that policies are tried in. */
export interface ISetting {
  title: string;
  /** One for each draw of errors; a single one where nothing is drawn. */
  scenarios: IScenario[];
  /** `truth` is the plan made once by somebody who knows the truth, `clairvoyant` plans of one who knows where tasks end. */
  ways: (WayName | 'truth' | 'clairvoyant')[];
  /** How many times as short as the paper's it is. */
  scale: number;
}

/** How settings are made. */
export interface ISettingsOptions {
  scale: number;
  /** What starts and ends cost; as in the paper when absent. */
  overheads?: IOverheads;
  draws: number;
}

/**
 * The settings by name. Where errors are to be corrected by moves, these must be short against the whole: such settings last
 * half as long again.
 */
export function settingsOf({ scale, overheads, draws }: ISettingsOptions): Record<string, ISetting> {
  const txt = paperScene('txt', scale, overheads);
  const img = paperScene('img', scale, overheads);
  const longer = scale / 1.5;
  const drawn = (scenario: IScenario, withErrors: typeof withCellErrors): IScenario[] =>
    Array.from({ length: draws }, (_, draw) => withErrors(scenario, ERROR, draw + 1));
  const midway = Object.fromEntries(ARRIVALS.map(index => [index, MIDWAY / scale]));
  const all: ISetting['ways'] = ['current', 'random', 'optimus', 'once', 'interval', 'moves'];
  const some: ISetting['ways'] = ['once', 'moves'];
  const percent = `${100 * ERROR} %`;
  return {
    txt: { title: 'TXT', scenarios: [txt], ways: all, scale },
    img: { title: 'IMG', scenarios: [img], ways: all, scale },
    changes: {
      title: 'TXT, 3 stopped and 2 added',
      scenarios: [withChanges(txt, ENDS, midway)],
      ways: ['current', ...some],
      scale
    },
    cold: {
      title: 'TXT, nothing known',
      scenarios: [txt],
      ways: ['truth', 'min', 'profiled', 'cold'],
      scale
    },
    cells: {
      title: `IMG, each cell ${percent} off`,
      scenarios: drawn(paperScene('img', longer, overheads), withCellErrors),
      ways: some,
      scale: longer
    },
    common: {
      title: `TXT, each task ${percent} off`,
      scenarios: drawn(txt, withCommonErrors),
      ways: some,
      scale
    }
  };
}

/** Settings on virtual time: draws of errors are cheap there. */
export function simulatedSettings(options: ISettingsOptions): Record<string, ISetting> {
  const { cells, common } = settingsOf(options);
  const { scale, overheads, draws } = options;
  const txt = paperScene('txt', scale, overheads);
  const text = Array.from({ length: draws }, (_, draw) => withCellErrors(txt, ERROR, draw + 1));
  const ways: ISetting['ways'] = ['once', 'interval', 'waiting', 'moves', 'planned', 'truth'];
  const title = `TXT, each cell ${100 * ERROR} % off`;
  return {
    txt: { title: 'TXT', scenarios: [txt], ways, scale },
    cells: { ...cells!, ways },
    text: { title, scenarios: text, ways, scale },
    common: { ...common!, ways }
  };
}

/** What starts and ends cost on two cores, about, where that is not measured. */
const USUAL: IOverheads = { start: devices => 0.1 + 0.15 * devices, end: devices => 0.06 + 0.02 * devices };

/** A sweep with a rule on. What is known beforehand is how fast tasks are, and not which the rule gives up. */
export function stopsSettings({
  scale,
  overheads = USUAL,
  draws
}: ISettingsOptions): Record<string, ISetting> {
  const scenarios = Array.from({ length: draws }, (_, draw) => stopsScene(scale, draw + 1, overheads));
  const ways: ISetting['ways'] = ['clairvoyant', 'moves', 'once', 'single'];
  return { stops: { title: '12 tasks, of which a rule ends 11', scenarios, ways, scale } };
}

/** Four small tasks. */
export function quickSettings(overheads: IOverheads): Record<string, ISetting> {
  const scenarios = [smallScene(overheads)];
  return { small: { title: 'four tasks, four devices', scenarios, ways: ['current', 'once'], scale: 1 } };
}
