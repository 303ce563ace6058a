import { CONSTRAINTS } from '../../model/constraints/constraints.js';
import type { PlanRequest } from '../../wire/messages.js';
import { toProblem } from '../problem/compilation.js';
import { ConstrainedRelaxation } from './constrainedRelaxation.js';
import { ROUNDING } from './decoder.js';
import { makespanBound, overloaded } from './makespanBound.js';
import { runsOf } from './runTable.js';

/** Constraints looked into: each takes as long as bounds at once. */
const MOST = 40;

/** Late tasks looked into. */
const MOST_TASKS = 20;

/** Finds the constraints without which a deadline, which cannot be met with them, might be. */
export class Culprits {
  private readonly _relaxations = new Map<string, ConstrainedRelaxation>();
  private readonly _found = new Map<string, string[]>();

  constructor(private readonly _request: PlanRequest) {}

  /**
   * What could give way besides the deadline, in a few words each: what the task is asked itself, what those due no
   * later are, and what all are together.
   *
   * @param impossible - whether it is all constraints together that show that the deadline cannot be met.
   */
  of(task: string, deadline: number, impossible: boolean): string[] {
    const key = `${impossible} ${task}`;
    const known = this._found.get(key);
    if (known !== undefined || this._found.size >= MOST_TASKS) {
      return known ?? [];
    }
    const found = this._lookFor(task, deadline, impossible);
    this._found.set(key, found);
    return found;
  }

  private _lookFor(task: string, deadline: number, impossible: boolean): string[] {
    const due = this._request.tasks.filter(
      other => other.name !== task && (other.deadline ?? Infinity) <= deadline
    );
    const found = new Set<string>();
    for (const name of [task, ...due.slice(0, MOST).map(other => other.name)]) {
      for (const constraint of CONSTRAINTS) {
        const without = constraint.without?.(this._request, name);
        if (without !== undefined && !found.has(without.relax)) {
          const relaxation = this._relaxationOf(without.relax, without.request);
          if (relaxation !== undefined && isOpen(relaxation, task, deadline, impossible)) {
            found.add(without.relax);
          }
        }
      }
    }
    return [...found];
  }

  private _relaxationOf(key: string, request: PlanRequest): ConstrainedRelaxation | undefined {
    const known = this._relaxations.get(key);
    if (known !== undefined || this._relaxations.size >= MOST) {
      return known;
    }
    const problem = toProblem(request);
    const relaxation = new ConstrainedRelaxation(problem, runsOf(problem), request.switches === 'planned');
    this._relaxations.set(key, relaxation);
    return relaxation;
  }
}

/** Whether nothing shows that a task cannot be done in time. */
function isOpen(
  relaxation: ConstrainedRelaxation,
  task: string,
  deadline: number,
  impossible: boolean
): boolean {
  const job = relaxation.problem.jobs.findIndex(({ name }) => name === task);
  return (
    job >= 0 &&
    relaxation.jobs[job]!.ways[0]!.end <= deadline * (1 + ROUNDING) &&
    !overloaded(relaxation, deadline) &&
    (!impossible || makespanBound(relaxation, true).seconds < Infinity)
  );
}
