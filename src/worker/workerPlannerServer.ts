import loadHighs from 'highs';
import type { PlannerAnswer, PlannerQuestion } from '../core/planner/thread/plannerClient.js';
import { answering } from '../core/planner/thread/plannerServer.js';

/**
 * Entry of the browser's planner thread. It may import our own core and HiGHS only: a worker has no access to the
 * modules that JupyterLab shares.
 */
const wasm = new URL('highs/runtime', import.meta.url).href;
const answer = answering(
  () => loadHighs({ locateFile: () => wasm }),
  (message: PlannerAnswer) => self.postMessage(message)
);

self.addEventListener('message', (event: MessageEvent<PlannerQuestion>) => void answer(event.data));
