import type { Plan, TaskState } from '../wire/messages.js';

/** Training from when it last began: what is needed to tell at its end what came of planning anew. */
export interface IStint {
  /** When it began, in seconds since the epoch. */
  readonly from: number;
  /** Number of the last plan made anew before. */
  readonly replansBefore: number;
  /** Tasks that trained and were moved. */
  readonly moves: number;
  /** Undefined until there is one; null once what there is to do is no longer what it was made for. */
  readonly firstPlan: IFirstPlan | null | undefined;
}

/** The first plan that was followed, and the tasks as they were then. */
interface IFirstPlan {
  readonly plan: Plan;
  readonly tasks: readonly TaskState[];
  readonly time: number;
}
