import { parentPort, workerData } from 'node:worker_threads';
import loadHighs from 'highs';
import type { PlannerAnswer, PlannerQuestion } from '../../core/planner/thread/plannerClient.js';
import { answering } from '../../core/planner/thread/plannerServer.js';

/** What the thread is started with. */
export interface PlannerWorkerData {
  /** Path of `highs.wasm`. */
  wasm: string;
}

/** Entry of the planner's thread: answers questions one after another. */
if (parentPort !== null) {
  const port = parentPort;
  const { wasm } = workerData as PlannerWorkerData;
  const answer = answering(
    () => loadHighs({ locateFile: () => wasm }),
    (message: PlannerAnswer) => port.postMessage(message)
  );
  port.on('message', (question: PlannerQuestion) => void answer(question));
}
