import type { Render, Rendered, SessionState } from '../wire/messages.js';
import { planView } from './plan/planView.js';
import { profileView } from './profile/profileView.js';
import { reportView } from './report/reportView.js';
import { resultsView } from './results/resultsView.js';
import { clusterView } from './status/clusterView.js';
import { statusView } from './status/statusView.js';
import { checkView } from './tasks/checkView.js';
import { tasksView } from './tasks/tasksView.js';
import { techniquesView } from './tasks/techniquesView.js';

/** Views of the state alone; the engine makes the others. */
type StateView = Exclude<Render['view'], 'cache'>;

const VIEWS: Record<StateView, (state: SessionState, now: number) => Rendered> = {
  cluster: clusterView,
  tasks: tasksView,
  check: checkView,
  profile: profileView,
  techniques: techniquesView,
  plan: planView,
  status: statusView,
  results: resultsView,
  report: reportView
};

/**
 * A display of a session for any front end.
 *
 * @param now - seconds since the epoch.
 * @param tasks - names of the tasks to show; all when absent.
 */
export function render(
  view: StateView,
  state: SessionState,
  now: number,
  tasks?: readonly string[]
): Rendered {
  const shown = tasks
    ? { ...state, tasks: state.tasks.filter(task => tasks.includes(task.spec.name)) }
    : state;
  return VIEWS[view](shown, now);
}
