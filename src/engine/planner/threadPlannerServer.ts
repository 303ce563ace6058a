import { parentPort, workerData } from 'node:worker_threads';
import loadHighs from 'highs';
import type { IPlannerQuestion, PlannerAnswer } from '../../core/planner/thread/plannerClient.js';
import { servePlanner } from '../../core/planner/thread/plannerServer.js';

/** What the thread is started with. */
export interface IThreadPlannerData {
  /** Path of `highs.wasm`. */
  wasm: string;
}

/** Entry of the planner's thread: answers questions one after another. */
if (parentPort !== null) {
  const port = parentPort;
  const { wasm } = workerData as IThreadPlannerData;
  const answer = servePlanner(
    () => loadHighs({ locateFile: () => wasm }),
    (message: PlannerAnswer) => port.postMessage(message)
  );
  port.on('message', (question: IPlannerQuestion) => void answer(question));
}
