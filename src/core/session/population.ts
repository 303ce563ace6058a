import { hasDiverged } from '../model/divergence.js';
import { membersOf } from '../model/sweepTasks.js';
import { uniformFraction } from '../search/fractions.js';
import { perturbed } from '../search/perturbation.js';
import type { NewMember, PopulationRenewedEvent, SweepState, TaskState } from '../wire/messages.js';
import type { Command } from './command.js';
import {
  findSweep,
  type ISession,
  type IStep,
  isActive,
  isHeld,
  mapSweeps,
  mapTasks,
  withNotice,
  withStalePlan,
  withState
} from './session.js';
import { comparedBy, ladderOf, ruledSweep } from './stopRules/ladder.js';
import { exchange } from './stopRules/pbt.js';
import { scoreOf } from './stopRules/stopRule.js';
import { addTasks } from './tasks.js';

/** Has members made that take the place of others: see `SweepState.renewing`. */
type RenewCommand = Extract<Command, { kind: 'renew' }>;

/**
 * Have the members of populations wait for each other at rungs, and once all are there, the worst give way. A member of which
 * nobody wants training, or that can have none, is not waited for.
 */
export function renewPopulations(session: ISession): IStep {
  const { goal, early, sweeps = [] } = session.state;
  const populations = sweeps.filter(({ spec }) => spec.stop?.kind === 'pbt');
  if (populations.length === 0 || goal !== 'run' || early !== undefined) {
    return { session, commands: [] };
  }
  return populations.reduce<IStep>(
    (before, { spec: { name } }) => {
      const met = meet(before.session, findSweep(before.session.state, name) as SweepState);
      const next = withTargets(met.session, findSweep(met.session.state, name) as SweepState);
      return { session: next, commands: [...before.commands, ...met.commands] };
    },
    { session, commands: [] }
  );
}

/** Put members that were made into the session, or note why one was not. */
export function noteRenewed(session: ISession, { sweep, tasks, error }: PopulationRenewedEvent): IStep {
  const noted = mapSweeps(session, one => {
    const { renewing: _made, ...rest } = one;
    return one.spec.name === sweep ? rest : one;
  });
  const { wishes } = findSweep(session.state, sweep)?.spec ?? {};
  return addTasks(error ? withNotice(noted, error) : noted, tasks, wishes);
}

/** What was to be made, and is not: by an engine that has ended since. */
export function openRenewals({ state: { sweeps = [] } }: ISession): RenewCommand[] {
  return sweeps
    .filter(({ renewing }) => renewing !== undefined)
    .map(({ spec }) => ({ kind: 'renew', sweep: spec.name }));
}

/** Once all members are where they wait: who gives way, and who is to come instead. */
function meet(session: ISession, sweep: SweepState): IStep {
  const { state } = session;
  const members = membersOf(state.tasks, sweep.spec.name).filter(task => isWanted(session, task));
  const held = members.filter(task => task.status === 'ready' && isHeld(task));
  const step = Math.min(...held.map(({ target }) => target!));
  if (held.length === 0 || sweep.renewing || sweep.asked || members.some(isBelow(session))) {
    return { session, commands: [] };
  }
  const cohort = [...held.filter(({ target }) => target === step), ...members.filter(hasDiverged)];
  const judged = cohort.flatMap(task => {
    const ruled = ruledSweep(state, task);
    const told = task.rungs?.find(rung => rung.step === step);
    return ruled && (told || hasDiverged(task))
      ? [{ task, score: scoreOf(told?.value ?? null, comparedBy(ruled, task).goal) }]
      : [];
  });
  const { ranking, worst, best } = exchange(judged.map(({ score }) => score));
  const ranked = ranking.map(place => judged[place]!.task);
  const lost = ranked.slice(ranked.length - worst);
  const places = new Map(ranked.map(({ spec }, place) => [spec.name, place + 1]));
  const left = mapTasks(session, task => {
    const { target: _here, ...rest } = task;
    if (lost.includes(task)) {
      const place = places.get(task.spec.name)!;
      const at = task.givenUp?.step ?? step;
      const givenUp = { rule: 'pbt', step: at, place, of: ranked.length };
      return { ...rest, status: 'stopped', givenUp };
    }
    return cohort.includes(task) && !hasDiverged(task) ? rest : task;
  });
  const open = withOpenPlan(left, cohort);
  if (lost.length === 0) {
    return { session: open, commands: [] };
  }
  const { name, seed } = sweep.spec;
  const count = membersOf(state.tasks, name).length;
  const renewed: NewMember[] = [];
  for (const place of lost.keys()) {
    const number = count + place;
    // One parameter more than there are: what decides of values decides of nothing else.
    const chance = uniformFraction(seed, number, Object.keys(sweep.spec.space).length);
    const { spec } = ranked[Math.floor(chance * best)]!;
    const siblings = renewed.filter(({ parent }) => parent === spec.name).map(({ params }) => params);
    renewed.push({ parent: spec.name, params: perturbed(sweep.spec, spec.params, number, siblings) });
  }
  return {
    session: mapSweeps(open, one =>
      one.spec.name === name ? { ...one, renewing: { step, members: renewed } } : one
    ),
    commands: [{ kind: 'renew', sweep: name }]
  };
}

/** Give members that wait for devices the step at which they are to wait for the others; none where nothing is compared. */
function withTargets(session: ISession, sweep: SweepState): ISession {
  const { state } = session;
  const changed: TaskState[] = [];
  const next = mapTasks(session, task => {
    if (task.status !== 'ready' || task.spec.sweep !== sweep.spec.name) {
      return task;
    }
    const ruled = isWanted(session, task) && !sweep.unjudged ? ruledSweep(state, task) : undefined;
    const ladder = ruled && !task.spared ? ladderOf(state, ruled, task) : [];
    const target = isHeld(task) && ladder.length > 0 ? task.target : after(ladder, task);
    if (target === task.target) {
      return task;
    }
    changed.push(task);
    const { target: _before, ...rest } = task;
    return { ...rest, ...(target !== undefined && { target }) };
  });
  return changed.length > 0 ? withOpenPlan(next, changed) : session;
}

function after(ladder: readonly number[], { checkpointStep = 0 }: TaskState): number | undefined {
  return ladder.find(step => step > checkpointStep);
}

/** A plan up to one step is none up to another: it is not followed until there is a new one. */
function withOpenPlan(session: ISession, changed: readonly TaskState[]): ISession {
  const names = new Set(changed.map(({ spec }) => spec.name));
  return session.state.plan?.plan.segments.some(({ task }) => names.has(task))
    ? withState(withStalePlan(session), { plan: undefined })
    : withStalePlan(session);
}

function isWanted({ selection }: ISession, { spec, spared }: TaskState): boolean {
  return !spared && (selection?.includes(spec.name) ?? true);
}

/** Whether a member is on its way to where it waits. */
function isBelow({ state: { plan } }: ISession): (task: TaskState) => boolean {
  const hopeless = new Set(plan?.fresh ? plan.plan.unplanned.map(({ task }) => task) : []);
  return task =>
    task.status === 'inspecting' ||
    (isActive(task) && task.target !== undefined) ||
    (task.status === 'ready' && !isHeld(task) && task.target !== undefined && !hopeless.has(task.spec.name));
}
