import { cellKey, strategyKey, strategyLabel } from '../model/strategy.js';
import type { ProfileCell, Rendered, SessionState, Strategy, TaskState } from '../wire/generated/types.js';
import { display, lead, sentence, tablePart } from './display.js';
import { bytes, count, NOTHING, plural, stepTime } from './format.js';
import type { ICell } from './table.js';
import { NO_TASKS } from './taskWords.js';
import { troublesPart } from './troubles.js';

/** Tasks that run at equal speed, a row of the profile. */
interface ISpeedClass {
  readonly signature: string;
  readonly tasks: readonly TaskState[];
}

/** How long a step takes and how much memory it needs: tasks that share a speed against strategies. */
export function profileView(state: SessionState): Rendered {
  if (state.tasks.length === 0) {
    return display('profile', [lead(NO_TASKS)]);
  }
  const classes = speedClasses(state.tasks);
  const strategies = strategiesOf(state, classes);
  const cells = new Map(state.cells.map(cell => [cellKey(cell.signature, cell.strategy), cell]));
  const measured = state.cells.length > 0;
  return display('profile', [
    lead(measured || state.trials.length > 0 ? progress(state) : 'Nothing is measured yet.'),
    !measured && state.trials.length === 0 && sentence('Measure the tasks with `%saturn profile`.'),
    classes.length > 0 &&
      strategies.length > 0 &&
      tablePart({
        columns: [
          { label: 'Tasks of equal speed' },
          ...strategies.map(strategy => ({ label: strategyLabel(strategy) }))
        ],
        rows: classes.map(speed => [
          rowName(speed),
          ...strategies.map(strategy =>
            profileCell(state, speed, strategy, cells.get(cellKey(speed.signature, strategy)))
          )
        ])
      }),
    measured &&
      sentence(
        'Time of a step ± its spread, and the largest memory of any device.',
        'jp-saturn-note jp-saturn-muted'
      ),
    troublesPart(
      state.cells
        .filter(cell => cell.status === 'failed' && cell.error !== undefined)
        .map(cell => ({
          where: [`${nameOf(classes, cell.signature)} under ${strategyLabel(cell.strategy)}`],
          error: cell.error as NonNullable<ProfileCell['error']>
        }))
    )
  ]);
}

function progress(state: SessionState): string {
  const all = state.trialsDone + state.trials.length;
  if (state.trials.length === 0) {
    return `${plural(state.cells.length, 'measurement')} done.`;
  }
  const running = state.trials.filter(trial => trial.status === 'running').length;
  return `${count(state.trialsDone)} of ${plural(all, 'trial')} done, ${count(running)} running.`;
}

function speedClasses(tasks: readonly TaskState[]): ISpeedClass[] {
  const classes = new Map<string, TaskState[]>();
  for (const task of tasks) {
    if (task.inspection) {
      const { signature } = task.inspection;
      classes.set(signature, [...(classes.get(signature) ?? []), task]);
    }
  }
  return [...classes].map(([signature, members]) => ({ signature, tasks: members }));
}

function strategiesOf(state: SessionState, classes: readonly ISpeedClass[]): Strategy[] {
  const signatures = new Set(classes.map(({ signature }) => signature));
  const all = [
    ...state.cells.filter(cell => signatures.has(cell.signature)).map(cell => cell.strategy),
    ...state.trials.map(trial => trial.strategy),
    ...classes.flatMap(({ tasks }) =>
      tasks.flatMap(task => (task.inspection?.feasibility ?? []).filter(f => f.feasible).map(f => f.strategy))
    )
  ];
  const distinct = [...new Map(all.map(strategy => [strategyKey(strategy), strategy])).values()];
  return distinct.sort((a, b) => a.devices - b.devices || (strategyKey(a) < strategyKey(b) ? -1 : 1));
}

function nameOf(classes: readonly ISpeedClass[], signature: string): string {
  const speed = classes.find(candidate => candidate.signature === signature);
  return speed ? rowName(speed).text : signature;
}

function rowName({ tasks }: ISpeedClass): ICell {
  const names = tasks.map(task => task.spec.name);
  const others = names.length - 1;
  return {
    text: others === 0 ? (names[0] as string) : `${names[0]} + ${plural(others, 'other')}`,
    title: names.join('\n')
  };
}

function profileCell(
  state: SessionState,
  speed: ISpeedClass,
  strategy: Strategy,
  cell: ProfileCell | undefined
): ICell {
  const key = strategyKey(strategy);
  const trial = state.trials.find(
    candidate => candidate.signature === speed.signature && strategyKey(candidate.strategy) === key
  );
  if (trial) {
    return trial.status === 'running' ? { text: 'measuring…' } : { text: 'waiting', tone: 'muted' };
  }
  if (cell) {
    return cellText(cell);
  }
  const feasibility = speed.tasks[0]?.inspection?.feasibility.find(f => strategyKey(f.strategy) === key);
  return feasibility?.feasible
    ? { text: 'not measured', tone: 'muted' }
    : { text: NOTHING, tone: 'muted', title: feasibility?.reason ?? 'Not a strategy for these tasks.' };
}

function cellText(cell: ProfileCell): ICell {
  switch (cell.status) {
    case 'oom':
      return { text: 'out of memory', tone: 'warning', title: cell.error?.message };
    case 'failed':
      return { text: 'failed', tone: 'bad', title: cell.error?.message };
    case 'pruned':
      return { text: 'left out', tone: 'muted', title: cell.error?.message };
    case 'ok': {
      const spread = cell.spreadSeconds === undefined ? '' : ` ± ${stepTime(cell.spreadSeconds)}`;
      const memory = cell.peakBytes === undefined ? '' : `, ${bytes(cell.peakBytes)}`;
      const estimated = cell.source === 'interpolated';
      return {
        text: `${estimated ? '~' : ''}${stepTime(cell.stepSeconds)}${spread}${memory}`,
        title: [
          estimated ? 'Estimated from the measurements of other device counts.' : 'Measured.',
          ...(cell.startSeconds === undefined ? [] : [`Starting takes ${stepTime(cell.startSeconds)}.`])
        ].join(' ')
      };
    }
  }
}
