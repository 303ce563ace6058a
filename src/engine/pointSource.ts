import { createHash } from 'node:crypto';
import { isPointOf } from '../core/model/sweepTasks.js';
import { pointTasks, type SearchedSweep } from '../core/search/pointTasks.js';
import { isWithin, type Point, pointKey, pointsOf } from '../core/search/space.js';
import { findSweep, type ISession } from '../core/session/session.js';
import { isLearned, pointsAtOnce, type SuggestCommand } from '../core/session/sweeps.js';
import { SaturnError } from '../core/wire/failure.js';
import {
  type Failure,
  failureOf,
  type PointsSuggestedEvent,
  type SessionState,
  type SweepSpec,
  type TaskSpec
} from '../core/wire/messages.js';

/** What is asked of who learns from the points there are. */
export interface IPointQuestion {
  readonly sweep: SearchedSweep;
  /** So many of its points are there. */
  readonly made: number;
  /** So many are wanted, or fewer: what is missing is drawn at random. */
  readonly count: number;
  /** What has become of those that are there. */
  readonly state: SessionState;
}

/** Learns from points what others may be better. */
export interface IAdvisor {
  /** @throws SaturnError saying why there are none. */
  advise(question: IPointQuestion): Promise<readonly Point[]>;
}

/** A fingerprint of a text. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Thinks up the points of sweeps: those that follow from the sweep itself, others by asking. */
export class PointSource {
  /** @param _advisors - who is asked, by the search. */
  constructor(private readonly _advisors: Partial<Record<SweepSpec['search'], IAdvisor>>) {}

  /**
   * The tasks that a sweep begins with, or goes on with at once.
   *
   * @param made - so many of its points are there.
   */
  first(session: ISession, sweep: SearchedSweep, made: number): TaskSpec[] {
    const count = Math.min(sweep.points ?? 0, pointsAtOnce(session, sweep)) - made;
    return pointTasks(sweep, drawn(sweep, made, count, []), specsOf(session.state), digest);
  }

  /** The tasks that a sweep has, as they are said now. */
  again({ state }: ISession, sweep: SearchedSweep): TaskSpec[] {
    const there = specsOf(state);
    const points = there
      .filter(spec => isPointOf(spec, sweep.name))
      .map(({ params }) => params)
      .filter(point => isWithin(sweep, point));
    const hashes = new Map(there.map(({ name, hash }) => [name, hash]));
    return pointTasks(sweep, points, there, digest).filter(({ name, hash }) => hashes.get(name) === hash);
  }

  /** Choose the points that a session asks for. Why there are none is an answer, too. */
  async choose(
    { state }: ISession,
    { sweep: name, made, count }: SuggestCommand
  ): Promise<readonly Point[] | Failure> {
    try {
      const sweep = searchedSweep(state, name);
      return isLearned(sweep)
        ? await this._learned({ sweep, made, count, state })
        : drawn(sweep, made, count, []);
    } catch (error) {
      return failureOf(error);
    }
  }

  /** The event that tells a session of the points that it has asked for. */
  event(
    { state }: ISession,
    { sweep: name }: SuggestCommand,
    points: readonly Point[] | Failure
  ): PointsSuggestedEvent {
    return 'code' in points
      ? { kind: 'points-suggested', sweep: name, tasks: [], error: points }
      : {
          kind: 'points-suggested',
          sweep: name,
          tasks: pointTasks(searchedSweep(state, name), points, specsOf(state), digest)
        };
  }

  /** @throws SaturnError as {@link IAdvisor.advise}. */
  private async _learned(question: IPointQuestion): Promise<readonly Point[]> {
    const { sweep, count, state } = question;
    const advisor = this._advisors[sweep.search];
    if (!advisor) {
      throw new SaturnError({
        code: 'no-search',
        message: `There is no search "${sweep.search}" here.`,
        hint: 'Run the cell again with --search random.'
      });
    }
    const known = state.tasks.filter(({ spec }) => spec.sweep === sweep.name).map(({ spec }) => spec.params);
    const seen = new Set(known.map(pointKey));
    const others: Point[] = [];
    for (const point of await advisor.advise(question)) {
      const key = pointKey(point);
      if (isWithin(sweep, point) && !seen.has(key) && others.length < count) {
        seen.add(key);
        others.push(point);
      }
    }
    return [...others, ...drawn(sweep, 0, count - others.length, [...known, ...others])];
  }
}

/**
 * Points that follow from the sweep alone, each once.
 *
 * @param from - place of the first in the order in which they are made.
 * @param known - points that are left out.
 */
function drawn(sweep: SweepSpec, from: number, count: number, known: readonly Point[]): Point[] {
  const seen = new Set(known.map(pointKey));
  const points: Point[] = [];
  let place = 0;
  for (const point of pointsOf(sweep)) {
    if (points.length >= count) {
      break;
    }
    if (place >= from && !seen.has(pointKey(point))) {
      points.push(point);
    }
    place += 1;
  }
  return points;
}

/** @throws SaturnError `no-sweep`. */
function searchedSweep(state: SessionState, name: string): SearchedSweep {
  const { template, ...sweep } = findSweep(state, name)?.spec ?? {};
  if (!template) {
    throw new SaturnError({ code: 'no-sweep', message: `No points of "${name}" are searched.` });
  }
  return { ...sweep, template } as SearchedSweep;
}

function specsOf({ tasks }: SessionState): TaskSpec[] {
  return tasks.map(({ spec }) => spec);
}
