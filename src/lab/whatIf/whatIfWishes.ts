import type {
  Cluster,
  DeviceShare,
  PlanStart,
  SessionState,
  TaskWishes,
  TaskWishesChange,
  WishesSet
} from '../../core/wire/messages.js';
import type { ISessionModel } from '../session/tokens.js';
import type { ITaskConstraints } from './constraintParts.js';
import type { WhatIf } from './whatIf.js';
import { isAsking } from './whatIfQuestion.js';

/** What a what-if question asks, as wishes of the session. */
export interface IAskedWishes {
  readonly wishes: WishesSet;
  /** Techniques not to use; absent when they are as before. */
  readonly exclude?: readonly string[];
}

/** Devices of a question that the session does not have: what needs them can be asked, and not done. */
export function missingDevices({ cluster }: SessionState, asked: Cluster): string[] {
  return asked.nodes.flatMap(node => {
    const there = cluster?.nodes.find(({ id }) => id === node.id)?.devices ?? [];
    return node.devices.filter(({ id }) => !there.some(device => device.id === id)).map(({ id }) => id);
  });
}

/** What is asked beyond what the session does already; undefined when that is nothing. */
export function askedWishes(
  state: SessionState,
  { question, plan, cluster, askedAt }: WhatIf.IAnswer
): IAskedWishes | undefined {
  if (!isAsking(question, state)) {
    return undefined;
  }
  const due = question.deadline === null ? Infinity : askedAt + question.deadline;
  const asked = new Map<string, TaskWishes>(
    [...question.constraints]
      .filter(([name]) => state.tasks.some(({ spec, status }) => spec.name === name && status !== 'finished'))
      .map(([task, constraints]) => [task, wishesOf(constraints, askedAt)])
  );
  if (due < Infinity) {
    for (const task of new Set([...plan.segments, ...plan.unplanned].map(({ task }) => task))) {
      const own = state.tasks.find(({ spec }) => spec.name === task)?.wishes?.deadline ?? Infinity;
      const deadline = Math.min(due, asked.get(task)?.deadline ?? own);
      if (deadline !== own) {
        asked.set(task, { ...asked.get(task), deadline });
      }
    }
  }
  const tasks = [...asked].map(([task, set]): TaskWishesChange => ({ tasks: [task], set }));
  const isOther = question.exclude.join() !== state.excludeTechniques.join();
  return {
    wishes: {
      ...(tasks.length > 0 && { tasks }),
      ...(Object.keys(question.devices).length > 0 && { session: freeChange(state, cluster) })
    },
    ...(isOther && { exclude: question.exclude })
  };
}

function wishesOf({ earliestStart, deadline, pin }: ITaskConstraints, askedAt: number): TaskWishes {
  return {
    ...(earliestStart !== undefined && { earliestStart: askedAt + earliestStart }),
    ...(deadline !== undefined && { deadline: askedAt + deadline }),
    ...(pin !== undefined && { pin })
  };
}

/** The devices that a question leaves out, to be kept free. */
function freeChange({ cluster }: SessionState, asked: Cluster): NonNullable<WishesSet['session']> {
  const freeDevices = (cluster?.nodes ?? []).flatMap((node): DeviceShare[] => {
    const used = asked.nodes.find(({ id }) => id === node.id)?.devices ?? [];
    const [first, ...rest] = node.devices.map(({ id }) => id).filter(id => !used.some(one => one.id === id));
    return first === undefined ? [] : [{ node: node.id, devices: [first, ...rest] }];
  });
  return freeDevices.length > 0 ? { set: { freeDevices } } : { clear: ['freeDevices'] };
}

/**
 * Make wishes those of the session, and have it plan with them; one that trains does so by itself.
 *
 * @returns whether they were accepted; otherwise the store's view says why not.
 */
export async function applyWishes(
  store: ISessionModel,
  { wishes, exclude }: IAskedWishes,
  isRunning: boolean
): Promise<boolean> {
  if (Object.keys(wishes).length > 0 && !(await store.send('wishes.set', wishes))) {
    return false;
  }
  const body: PlanStart = exclude === undefined ? {} : { excludeTechniques: [...exclude] };
  return (isRunning && exclude === undefined) || store.send('plan', body);
}
