import type { Conflict, Pin, PlanRequest, PlanTask, Segment } from '../../wire/messages.js';
import type { IRun } from '../schedule/deviceRuns.js';
import type { ITranslation } from '../translation.js';

/**
 * Something a request may ask of a plan beyond getting every task done. One file each, listed in `CONSTRAINTS`; the
 * field of the request is in `schema/wire/model.json`.
 *
 * `unmet` is the checker's half: it judges a schedule by the definition alone and leans on nothing that follows it, so
 * that the checker stays a second opinion. What follows is the planner's: it declares what the constraint comes to in
 * the terms of scheduling, which planners know, and words what they find.
 */
export interface IConstraint {
  /** As conflicts name it. */
  readonly name: Conflict['constraint'];
  /** What people call it. */
  label(trans: ITranslation): string;
  /**
   * Refuse what has no meaning.
   *
   * @throws SaturnError `bad-plan-request`.
   */
  assert(request: PlanRequest): void;
  /** Where a schedule fails it, be it possible or not. */
  unmet(schedule: ISchedule): IMiss[];
  /** What it asks of a task; nothing when undefined. */
  ofTask?(task: PlanTask): ITaskTerms | undefined;
  /** What it asks of all tasks together; nothing when undefined. */
  ofAll?(request: PlanRequest): IJointTerms | undefined;
  /** What would be asked without it, of a task or of all together; nothing when it asks nothing there. */
  without?(request: PlanRequest, task: string): IWithout | undefined;
  /** What a task misses that runs already and stays where it is, in a sentence; nothing when undefined. */
  missedByStaying?(task: PlanTask): string | undefined;
  /**
   * What a plan misses, why, whether any plan could meet it, and the least that would have to give way.
   *
   * @param spending - on its budget, if it has one.
   */
  conflicts?(outcome: IOutcome, spending?: ISpending): Omit<Conflict, 'constraint'>[];
}

/** A request in which a constraint has given way. */
export interface IWithout {
  readonly request: PlanRequest;
  /** What has, in a few words that follow "Or": `an earlier start of "a"`. */
  readonly relax: string;
}

/** A schedule to be judged. */
export interface ISchedule {
  readonly request: PlanRequest;
  readonly runs: readonly IRun[];
  segmentsOf(task: string): readonly Segment[];
  /** Seconds that rounding may be off by. */
  readonly off: number;
}

/** A way in which a schedule fails a constraint. */
export interface IMiss extends Pick<Conflict, 'task' | 'message'> {}

/** What scheduling calls release date, due date and eligibility. Times are seconds from the start of the plan. */
export interface ITaskTerms {
  /** Not to start before. */
  readonly release?: number;
  /** To be done by. */
  readonly deadline?: number;
  /** Where and how it may run. */
  readonly place?: IPlaceTerm;
}

/** Where and how a task may run, as long as that can be. */
export interface IPlaceTerm {
  readonly pin: Pin;
  /** That nothing can run the task so, in a sentence. */
  readonly impossible: string;
  /** What is left of it as it gives way, most first, and what would help; the last asks nothing. */
  readonly concessions: readonly { readonly pin: Pin; readonly relax: string }[];
}

/** What runs share: renewable resources and a non-renewable one. */
export interface IJointTerms {
  readonly lanes?: readonly ILanes[];
  readonly budget?: IBudget;
}

/** So many of some tasks' runs go on at once; fused tasks are one run. */
export interface ILanes {
  readonly count: number;
  /** All tasks when absent. */
  readonly tasks?: readonly string[];
}

/** All runs together take no more than this. */
export interface IBudget {
  readonly limit: number;
  /** What a second on a device of a node takes. */
  readonly rate: (node: string) => number;
}

/** A plan, and what its planner knows of all plans. */
export interface IOutcome {
  readonly request: PlanRequest;
  /** All planned tasks. */
  readonly tasks: readonly ITaskOutcome[];
  /** In seconds. */
  readonly makespan: number;
  /** No plan meets all constraints together. */
  readonly impossible: boolean;
  /** Whether the tasks due by some task's deadline have more work than fits before it. */
  overloaded(deadline: number): boolean;
  /** What else could give way for a task that no plan has done by its deadline, as {@link IWithout} tells it. */
  culprits(task: string, deadline: number): string[];
}

/** What becomes of a task in a plan. */
export interface ITaskOutcome {
  readonly task: PlanTask;
  /** In seconds from the start of the plan. */
  readonly end: number;
  /** When any plan can have it done at the soonest. */
  readonly soonest: number;
  /** It runs already, and the plan leaves it there. */
  readonly goesOn: boolean;
  /** A plan may put it elsewhere. */
  readonly movable: boolean;
}

/** What is taken of a budget. */
export interface ISpending {
  /** By the plan. */
  readonly spent: number;
  /** By any plan. */
  readonly least: number;
}

/** A share that sums of floating-point numbers may be off by. */
export const ROUNDING = 1e-9;

/** The request with one of its tasks changed. */
export function withTask(
  request: PlanRequest,
  name: string,
  change: (task: PlanTask) => PlanTask
): PlanRequest {
  return { ...request, tasks: request.tasks.map(task => (task.name === name ? change(task) : task)) };
}

/** Misses of single tasks, which the message names. */
export function missesByTask(
  { request, segmentsOf }: ISchedule,
  problemsOf: (task: PlanTask, segments: readonly Segment[]) => string[]
): IMiss[] {
  return request.tasks.flatMap(task =>
    problemsOf(task, segmentsOf(task.name)).map(problem => ({
      task: task.name,
      message: `Task "${task.name}": ${problem}.`
    }))
  );
}
