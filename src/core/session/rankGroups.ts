import { isRefused } from '../model/busyDevices.js';
import { DIVERGED } from '../model/divergence.js';
import { sharesOf } from '../model/schedule/deviceRuns.js';
import { isPaused } from '../model/sweepTasks.js';
import type { Attempt, Failure, GroupEvent, ProfileCell, TaskState, Validation } from '../wire/messages.js';
import { ended, replaceLast } from './attemptEnds.js';
import { inspectOnDevice, OTHER_TASK } from './deviceInspections.js';
import { excludeDevices, isOfDevice } from './excludedDevices.js';
import { noteFailedTogether, noteRunOutOfMemory } from './fusedEnds.js';
import { withoutLikeness } from './likePoints.js';
import { losses, lostTooOften } from './losses.js';
import { noteMeasured, withTrainedCell } from './measurements.js';
import { withTried } from './profiling.js';
import {
  findTask,
  followsGiven,
  type ISession,
  isActive,
  isExploring,
  lastAttempt,
  restingStatus,
  withNotice,
  withStalePlan,
  withStaleProfile,
  withTask
} from './session.js';
import { divergedIn } from './stopRules/divergence.js';
import { isOfStorage, noteDiskFull } from './storage.js';

/** A rank group that vanishes is started again from the same checkpoint this often, then its task has failed. */
export const MAX_LOST = 3;

/** As {@link MAX_LOST}, for one that vanishes by no fault of its task: something here does not work then. */
export const MAX_BLAMELESS = 10;

/** As {@link MAX_BLAMELESS}, for one whose node is lost, or one of several: it may be the task that takes them down. */
export const MAX_NODES_LOST = 4;

/** Code of the loss of a part of a group over several nodes, by no fault of its. */
export const PART_LOST = 'part-lost';

/** Codes of losses that are no task's. */
const OF_OURS: ReadonlySet<string> = new Set(['zygote-lost', 'sockets-lost', PART_LOST]);

/** Codes of failures of nodes to reach each other. */
const OF_MEETING: ReadonlySet<string> = new Set(['no-address', 'no-interface', 'no-meeting']);

/** Whether a failure is of the network between nodes: no task's, but over several nodes none can be trained. */
export function isOfMeeting(error: Failure | undefined): boolean {
  return error !== undefined && OF_MEETING.has(error.code);
}

/** Note what happened to a rank group. Events of attempts that are over are dropped: agents repeat themselves. */
export function noteGroup(session: ISession, event: GroupEvent): ISession {
  const task = findTask(session, event.task);
  const attempt = task && lastAttempt(task);
  if (!task || !attempt || attempt.number !== event.attempt || !isActive(task)) {
    return session;
  }
  const name = event.task;
  switch (event.kind) {
    case 'ready':
    case 'meets':
    case 'rung':
      return session;
    case 'started':
      return withTask(session, name, {
        status: task.status === 'stopping' ? 'stopping' : 'running',
        attempts: replaceLast(task, { ...attempt, startedAt: event.time, fromStep: event.step ?? 0 }),
        progress: { step: event.step ?? 0, at: event.time },
        alike: undefined
      });
    case 'step':
      return withTask(session, name, { progress: progressOf(task, event) });
    case 'measured':
      return noteMeasured(session, task, event);
    case 'validated':
      return withTask(session, name, { validations: validationsOf(task, event) });
    case 'checkpoint':
      return withTask(session, name, {
        ...(event.step === undefined
          ? {}
          : {
              checkpointStep: event.step,
              ...(event.step > (task.checkpointStep ?? 0) && {
                attempts: replaceLast(task, { ...attempt, savedStep: event.step })
              })
            }),
        progress: progressOf(task, event)
      });
    case 'finished':
      return withTask(session, name, {
        ...ended(task, attempt, event, 'finished'),
        error: undefined,
        givenUp: undefined,
        pausedAt: undefined,
        status: 'finished',
        progress: progressOf(task, event),
        ...(event.step === undefined ? {} : { checkpointStep: event.step }),
        ...(event.result ? { result: event.result } : {})
      });
    case 'failed':
      if (event.error?.code === OTHER_TASK) {
        if (task.alike === 'assumed') {
          return withoutLikeness(notStarted(session, task), task);
        }
        const again = inspectOnDevice(notStarted(session, task), task.inspection?.signature ?? '');
        if (again) {
          return again;
        }
      }
      if (isOfDevice(event.error)) {
        return noteDeviceFailure(session, task, attempt, event, event.error);
      }
      if (isOfStorage(event.error)) {
        const rests = withTask(session, name, {
          ...ended(task, attempt, event, 'stopped'),
          status: restingStatus(task)
        });
        return noteDiskFull(rests, event.error, event.time);
      }
      return isOfMeeting(event.error)
        ? noteFailedExploration(session, task, attempt, event, 'failed')
        : noteFailed(session, task, attempt, event);
    case 'oom':
      return noteOutOfMemory(session, task, attempt, event);
    case 'lost':
      return isOfDevice(event.error)
        ? noteDeviceFailure(session, task, attempt, event, event.error)
        : noteLost(session, task, attempt, event);
    case 'stopped': {
      const left = withTask(session, name, {
        ...ended(task, attempt, event, 'stopped'),
        status: restingStatus(task),
        ...(event.step === undefined ? {} : { checkpointStep: event.step })
      });
      // What leaves by the plan goes on by it, and of who is given up or pauses that was told; else the agent is leaving, or somebody stopped it.
      const isTold = task.moving || task.givenUp !== undefined || isPaused(task);
      const isPlanned = isTold || reachesUntil(attempt, event) || isUnplanned(session, task);
      return isPlanned || followsGiven(session) ? left : withStalePlan(left);
    }
  }
}

/** It failed by itself: it has diverged, or its strategy fails, or it does under any. */
function noteFailed(session: ISession, task: TaskState, attempt: Attempt, event: GroupEvent): ISession {
  if (attempt.fusion !== undefined && event.error?.code !== DIVERGED) {
    return noteFailedTogether(session, task, attempt, event);
  }
  const givenUp = divergedIn(session.state, task, event);
  if (!givenUp && isExploring(attempt)) {
    return noteFailedExploration(session, task, attempt, event, 'failed');
  }
  return withTask(session, task.spec.name, {
    ...ended(task, attempt, event, 'failed'),
    status: givenUp ? 'stopped' : 'failed',
    error: event.error ?? { code: 'internal', message: 'The rank group failed without a message.' },
    ...(givenUp && { givenUp })
  });
}

/** Whether a group left where its plan has it leave. */
function reachesUntil({ until }: Attempt, { step }: GroupEvent): boolean {
  return until !== undefined && step !== undefined && step >= until;
}

/** Whether the plan there is was made without a task: it was told to stop before. */
function isUnplanned({ state }: ISession, task: TaskState): boolean {
  const { name } = task.spec;
  const planned = state.plan?.plan.segments.some(segment => segment.task === name) ?? false;
  return restingStatus(task) === 'stopped' && !planned;
}

function progressOf(task: TaskState, event: GroupEvent): TaskState['progress'] {
  const { loss, stepSeconds } = event;
  return {
    ...task.progress,
    step: event.step ?? task.progress.step,
    at: event.time,
    ...(loss === undefined ? {} : { loss }),
    ...(stepSeconds === undefined ? {} : { stepSeconds })
  };
}

/** It never ran: this was no attempt. */
function notStarted(session: ISession, task: TaskState): ISession {
  return withTask(session, task.spec.name, {
    status: restingStatus(task),
    moving: undefined,
    attempts: task.attempts.slice(0, -1)
  });
}

/** The metrics of a step replace what was said of it before: a run that goes on from an older checkpoint repeats it. */
function validationsOf(task: TaskState, { step = 0, metrics = {} }: GroupEvent): Validation[] {
  const others = (task.validations ?? []).filter(validation => validation.step !== step);
  return [...others, { step, metrics }].sort((a, b) => a.step - b.step);
}

/** It failed, or was lost too often, before anything was known of its strategy: perhaps only this one fails. */
function noteFailedExploration(
  session: ISession,
  task: TaskState,
  attempt: Attempt,
  event: GroupEvent,
  outcome: 'failed' | 'lost'
): ISession {
  const cell: ProfileCell = {
    signature: task.inspection?.signature ?? '',
    strategy: attempt.strategy,
    ...(attempt.model !== undefined && { model: attempt.model }),
    status: 'failed',
    source: 'measured',
    hash: task.spec.hash,
    ...(event.error ? { error: event.error } : {})
  };
  return withStaleProfile(
    withTask(withTried(session, cell), task.spec.name, {
      ...ended(task, attempt, event, outcome),
      status: restingStatus(task)
    })
  );
}

/** Out of memory while training: the strategy is infeasible on such devices after all, and the task needs another. */
function noteOutOfMemory(session: ISession, task: TaskState, attempt: Attempt, event: GroupEvent): ISession {
  if (attempt.fusion !== undefined) {
    return noteRunOutOfMemory(session, task, attempt, attempt.fusion, event);
  }
  const signature = task.inspection?.signature ?? '';
  const cell: ProfileCell = {
    signature,
    strategy: attempt.strategy,
    ...(attempt.model !== undefined && { model: attempt.model }),
    status: 'oom',
    source: 'measured',
    ...(event.error ? { error: event.error } : {})
  };
  return withStaleProfile(
    withTask(withTrainedCell(session, cell), task.spec.name, {
      ...ended(task, attempt, event, 'oom'),
      status: restingStatus(task),
      ...(event.error ? { error: event.error } : {})
    })
  );
}

/** A device failed its task, which may go on from its checkpoint on others: this counts for no loss of its own. */
function noteDeviceFailure(
  session: ISession,
  task: TaskState,
  attempt: Attempt,
  event: GroupEvent,
  error: Failure
): ISession {
  const freed = isRefused(error)
    ? notStarted(session, task)
    : withTask(session, task.spec.name, {
        ...ended(task, attempt, event, 'stopped'),
        status: restingStatus(task)
      });
  const shares = sharesOf(attempt);
  const { node, devices } = shares.find(share => share.node === event.node) ?? shares[0]!;
  return excludeDevices(freed, node, devices, error);
}

function noteLost(session: ISession, task: TaskState, attempt: Attempt, event: GroupEvent): ISession {
  const name = task.spec.name;
  const error = event.error ?? { code: 'lost', message: 'The ranks vanished without a word.' };
  const blameless = OF_OURS.has(error.code);
  const gone: Attempt = blameless ? { ...attempt, blameless } : attempt;
  const lost = losses(task, blameless) + 1;
  const most = error.code === PART_LOST ? MAX_NODES_LOST : blameless ? MAX_BLAMELESS : MAX_LOST;
  const isTooOften = lost > most;
  const attempts = ended(task, gone, event, blameless && !isTooOften ? 'stopped' : 'lost');
  if (restingStatus(task) === 'stopped') {
    return withTask(session, name, { ...attempts, status: 'stopped' });
  }
  if (isTooOften && isExploring(attempt) && !blameless) {
    return noteFailedExploration(session, task, attempt, { ...event, error }, 'lost');
  }
  if (isTooOften) {
    return withTask(session, name, {
      ...attempts,
      status: 'failed',
      error: lostTooOften(task, error, lost)
    });
  }
  const from = task.checkpointStep === undefined ? 'the beginning' : `step ${task.checkpointStep}`;
  return withNotice(withTask(session, name, { ...attempts, status: 'ready' }), {
    ...error,
    message: `${name}: ${error.message} It goes on from ${from}.`
  });
}
