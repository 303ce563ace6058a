import type { Highs } from 'highs';
import type { Plan } from '../../wire/messages.js';

/** What the planner needs from its surroundings. */
export interface IPlanOptions {
  /** Loads HiGHS; without it there are fewer proofs, and no planned switches. */
  loadHighs?: () => Promise<Highs>;
  /** Called with each plan noticeably better than the last one reported, the first as soon as there is one. */
  onProgress?: (plan: Plan) => void;
  /** A clock that never goes back, in seconds. */
  now?: () => number;
}
