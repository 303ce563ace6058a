import loadHighs from 'highs';
import type { IPlannerQuestion, PlannerAnswer } from '../core/planner/thread/plannerClient.js';
import { servePlanner } from '../core/planner/thread/plannerServer.js';

/**
 * Entry of the browser's planner thread. It may import our own core and HiGHS only: a worker has no access to the
 * modules that JupyterLab shares.
 */
const wasm = new URL('highs/runtime', import.meta.url).href;
const answer = servePlanner(
  () => loadHighs({ locateFile: () => wasm }),
  (message: PlannerAnswer) => self.postMessage(message)
);

self.addEventListener('message', (event: MessageEvent<IPlannerQuestion>) => void answer(event.data));
