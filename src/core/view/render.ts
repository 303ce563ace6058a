import type { ITranslation } from '../model/translation.js';
import type { Render, Rendered, SessionState } from '../wire/messages.js';
import type { ILoggedCurve } from './curves/curveChart.js';
import type { Blocks } from './display/block.js';
import { display } from './display/display.js';
import { planView } from './plan/planView.js';
import { profileView } from './profile/profileView.js';
import { reportPage, reportView } from './report/reportView.js';
import { resultsView } from './results/resultsView.js';
import { clusterView } from './status/clusterView.js';
import { drawnWhen } from './status/drawnWhen.js';
import { pastPlanView } from './status/pastPlanView.js';
import { runView } from './status/runView.js';
import { scheduleView } from './status/scheduleView.js';
import { statusView } from './status/statusView.js';
import { trackingView } from './status/trackingView.js';
import { checkView } from './tasks/checkView.js';
import { logView } from './tasks/logView.js';
import { tasksView } from './tasks/tasksView.js';
import { techniquesView } from './tasks/techniquesView.js';

/** Views of the state alone, the engine makes the others; and the plan of a state that is past. */
type StateView = Exclude<Render['view'], 'cache'> | 'past-plan';

type View = (
  state: SessionState,
  now: number,
  trans: ITranslation,
  curves: readonly ILoggedCurve[]
) => Blocks;

const VIEWS: Record<StateView, View> = {
  cluster: clusterView,
  tasks: tasksView,
  check: (state, _, trans) => checkView(state, trans),
  profile: (state, _, trans) => profileView(state, trans),
  techniques: (state, _, trans) => techniquesView(state, trans),
  plan: (state, _, trans) => planView(state, trans),
  'past-plan': pastPlanView,
  schedule: scheduleView,
  status: statusView,
  run: runView,
  results: (state, _, trans, curves) => resultsView(state, trans, curves),
  log: (state, _, trans, curves) => logView(state, trans, curves),
  tracking: trackingView,
  report: reportView
};

/** Views of what changes by itself: a picture that is kept of one says of when it is. */
const CHANGING: ReadonlySet<StateView> = new Set([
  'tasks',
  'profile',
  'schedule',
  'status',
  'run',
  'results'
]);

/**
 * A display of a session for any front end.
 *
 * @param now - seconds since the epoch.
 * @param tasks - names of the tasks to show; all when absent.
 * @param curves - what tasks have logged, for views that show it.
 */
export function render(
  view: StateView,
  state: SessionState,
  now: number,
  trans: ITranslation,
  tasks?: readonly string[],
  curves: readonly ILoggedCurve[] = []
): Rendered {
  const shown = tasks
    ? { ...state, tasks: state.tasks.filter(task => tasks.includes(task.spec.name)) }
    : state;
  const [first = false, ...others] = VIEWS[view](shown, now, trans, curves);
  const when = CHANGING.has(view) && drawnWhen(state, now, trans);
  const drawn = display(view, [first, when, ...others], trans);
  return view === 'report' ? reportPage(shown, drawn, trans) : drawn;
}
