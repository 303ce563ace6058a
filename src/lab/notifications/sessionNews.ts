import { constraintLabel } from '../../core/model/constraints/constraints.js';
import { isPaused } from '../../core/model/sweepTasks.js';
import type { ITranslation } from '../../core/model/translation.js';
import { printable } from '../../core/view/format/escape.js';
import { count, duration, listing, taskCount } from '../../core/view/format/format.js';
import { isUnderWay } from '../../core/view/status/drawnWhen.js';
import { type IShownNode, missedNodes, shownNodes } from '../../core/view/status/shownNodes.js';
import type { SessionState, TaskState, TaskStatus } from '../../core/wire/messages.js';

/** What a task is at of which a training expects nothing more. */
const OVER: ReadonlySet<TaskStatus> = new Set(['finished', 'failed', 'invalid', 'stopped']);

/** Tasks and wishes named before the rest is counted. */
const NAMED = 3;

/** What has become of a session that somebody who looks elsewhere wants to know. */
export interface ISessionNews {
  /**
   * `ended`: all is over; `failed`: a task or a node is lost, the others go on; `found`: a node is there again; `decision`: it
   * waits for somebody, or wants one.
   */
  readonly kind: 'ended' | 'failed' | 'found' | 'decision';
  /** The same for the same event, whoever sees it. */
  readonly key: string;
  /** Of the session. */
  readonly folder: string;
  readonly text: string;
  /** Whether something went wrong. */
  readonly isTrouble: boolean;
}

/** What is news in a state that follows another one of the same session. */
export function sessionNews(before: SessionState, after: SessionState, trans: ITranslation): ISessionNews[] {
  return changes(before, after, trans).map(news => ({ ...news, folder: after.folder }));
}

function changes(
  before: SessionState,
  after: SessionState,
  trans: ITranslation
): Omit<ISessionNews, 'folder'>[] {
  const name = printable(after.session);
  const key = (...parts: (string | number)[]) => [after.folder, ...parts].join('|');
  if (before.run && before.run.endedAt === undefined && after.run?.endedAt !== undefined) {
    // Whoever has stopped the training knows.
    return isStoppedByUser(before, after)
      ? []
      : [{ kind: 'ended', key: key('ended', after.run.endedAt), ...ending(after, name, trans) }];
  }
  const news: Omit<ISessionNews, 'folder'>[] = [];
  const run = after.run?.startedAt ?? 0;
  const lost = newlyFailed(before, after);
  if (lost.length > 0 && isUnderWay(after)) {
    const first = lost[0] as TaskState;
    const reason = first.error?.message ?? trans.__('it gives no reason');
    news.push({
      kind: 'failed',
      // One of a run: the end tells of all.
      key: key('failed', run),
      text: trans.__(
        '%1: %2 failed, the others go on. %3',
        name,
        listing(lost.map(nameOf), trans, NAMED),
        printable(reason)
      ),
      isTrouble: true
    });
  }
  if (after.pause && !before.pause) {
    const { message, hint } = after.pause.error;
    const text = [message, hint].flatMap(words => (words ? [printable(words)] : [])).join(' ');
    news.push({
      kind: 'decision',
      key: key('pause', after.pause.since),
      text: trans.__('%1 is paused. %2', name, text),
      isTrouble: true
    });
  }
  const unmet = isUnderWay(after) ? unmetBy(after).filter(wish => !unmetBy(before).includes(wish)) : [];
  if (unmet.length > 0) {
    news.push({
      kind: 'decision',
      key: key('wishes', run, ...unmet),
      text: trans.__('%1: the plan does not meet what was asked: %2.', name, wishWords(after, unmet, trans)),
      isTrouble: true
    });
  }
  if (after.agent === 'away' && before.agent === 'connected' && isUnderWay(after)) {
    news.push({
      kind: 'decision',
      // While it is away nothing begins, so that pages which hear of it at different times agree.
      key: key(
        'away',
        run,
        after.tasks.reduce((sum, { attempts }) => sum + attempts.length, 0)
      ),
      text: trans.__('%1: the agent is away, so nothing new starts until a notebook attaches.', name),
      isTrouble: true
    });
  }
  return isUnderWay(after) ? [...news, ...nodeChanges(before, after, trans)] : news;
}

/** Nodes are lost together where the way to all of them is, and that is one thing to tell. */
function nodeChanges(
  before: SessionState,
  after: SessionState,
  trans: ITranslation
): Omit<ISessionNews, 'folder'>[] {
  const [lost, found] = [lostNodes(before, after), foundNodes(before, after)];
  const name = printable(after.session);
  const key = ([node]: readonly IShownNode[]): string =>
    [after.folder, 'node', node?.id, node?.since ?? 0].join('|');
  const named = (nodes: readonly IShownNode[]): string =>
    printable(
      listing(
        nodes.map(({ id }) => id),
        trans,
        NAMED
      )
    );
  const news: Omit<ISessionNews, 'folder'>[] = [];
  if (lost.length > 0) {
    const why = lost.find(({ error }) => error)?.error?.message;
    const text = trans._n(
      '%3: node %2 is away; its tasks go on elsewhere from their checkpoints.',
      '%3: nodes %2 are away; their tasks go on elsewhere from their checkpoints.',
      lost.length,
      named(lost),
      name
    );
    news.push({
      kind: 'failed',
      key: key(lost),
      text: why === undefined ? text : `${text} ${printable(why)}`,
      isTrouble: true
    });
  }
  if (found.length > 0) {
    news.push({
      kind: 'found',
      key: key(found),
      text: trans._n(
        '%3: node %2 is there again.',
        '%3: nodes %2 are there again.',
        found.length,
        named(found),
        name
      ),
      isTrouble: false
    });
  }
  return news;
}

/** Nodes other than the session's own that were there, or waited for, and are given up now. */
function lostNodes(before: SessionState, after: SessionState): IShownNode[] {
  const there = new Set(
    shownNodes(before).flatMap(({ id, standing }) =>
      standing === 'gone' || standing === 'joining' || standing === 'refused' ? [] : [id]
    )
  );
  return missedNodes(after).filter(({ id, standing }) => standing === 'gone' && there.has(id));
}

/** Nodes that were given up, and are there again. */
function foundNodes(before: SessionState, after: SessionState): IShownNode[] {
  const gone = new Set(missedNodes(before).flatMap(({ id, standing }) => (standing === 'gone' ? [id] : [])));
  return shownNodes(after).filter(
    ({ id, standing }) => (standing === 'connected' || standing === 'unreserved') && gone.has(id)
  );
}

/**
 * Whether somebody has made an end of the training, as the state tells in which it ends: tasks are on their way out, or
 * left although there is a place for them in the plan, or were stopped or taken out just now. Those stopped before
 * have no part in the end.
 */
function isStoppedByUser(before: SessionState, after: SessionState): boolean {
  if (withoutDevice(after)) {
    return false;
  }
  const known = new Map(before.tasks.map(({ spec, status }) => [spec.name, status]));
  const selected = before.selected && new Set(before.selected);
  const unplanned = new Set(after.plan?.plan.unplanned.map(({ task }) => task));
  const there = new Set(after.tasks.map(({ spec }) => spec.name));
  return (
    before.tasks.some(({ spec, status }) => !OVER.has(status) && !there.has(spec.name)) ||
    after.tasks.some(task => {
      const { spec, status, moving, target, givenUp } = task;
      const { name } = spec;
      if (givenUp || isPaused(task)) {
        return false;
      }
      switch (status) {
        case 'stopping':
          return !moving;
        case 'stopped':
          return known.get(name) !== 'stopped';
        case 'ready':
          return target === undefined && (selected?.has(name) ?? true) && !unplanned.has(name);
        default:
          return false;
      }
    })
  );
}

/** Why nothing can go on, when no device is left. */
function withoutDevice({ notices }: SessionState) {
  return notices.find(({ code }) => code === 'no-device-left');
}

function ending(
  state: SessionState,
  name: string,
  trans: ITranslation
): Pick<ISessionNews, 'text' | 'isTrouble'> {
  const notice = withoutDevice(state);
  if (notice) {
    const text = [notice.message, notice.hint].flatMap(words => (words ? [printable(words)] : [])).join(' ');
    return { text: trans.__('%1 has ended. %2', name, text), isTrouble: true };
  }
  const failed = state.tasks.filter(isFailed);
  const trained = state.tasks.filter(({ status }) => status === 'finished').length;
  const givenUp = state.tasks.filter(task => task.status === 'stopped' && task.givenUp).length;
  const { startedAt = 0, endedAt = 0, idleSeconds = 0 } = state.run ?? {};
  const took = duration(Math.max(0, Math.round(endedAt - startedAt - idleSeconds)), trans);
  if (failed.length === 0) {
    const tasks = taskCount(trained, trans);
    return {
      text:
        givenUp === 0
          ? trans.__('%1: %2 trained in %3.', name, tasks, took)
          : trans.__('%1: %2 trained in %3, %4 given up.', name, tasks, took, count(givenUp)),
      isTrouble: false
    };
  }
  const counts = [
    trans.__('%1 trained', count(trained)),
    ...(givenUp > 0 ? [trans.__('%1 given up', count(givenUp))] : []),
    trans.__('%1 failed', count(failed.length))
  ];
  const names = listing(failed.map(nameOf), trans, NAMED);
  return {
    text: trans.__('%1: ended after %2; %3: %4.', name, took, counts.join(', '), names),
    isTrouble: true
  };
}

const nameOf = ({ spec }: TaskState): string => printable(spec.name);

const isFailed = ({ status }: TaskState): boolean => status === 'failed' || status === 'invalid';

/** Tasks that failed while they were trained. */
function newlyFailed(before: SessionState, after: SessionState): TaskState[] {
  const known = new Map(before.tasks.map(({ spec, status }) => [spec.name, status]));
  return after.tasks.filter(({ spec, status }) => status === 'failed' && known.get(spec.name) !== 'failed');
}

/** The wishes a plan does not meet, each by its name. */
function unmetBy({ plan }: SessionState): string[] {
  return (plan?.plan.conflicts ?? []).map(({ constraint, task = '' }) => `${constraint}/${task}`);
}

function wishWords({ plan }: SessionState, unmet: readonly string[], trans: ITranslation): string {
  const words = (plan?.plan.conflicts ?? [])
    .filter(({ constraint, task = '' }) => unmet.includes(`${constraint}/${task}`))
    .map(({ constraint, task }) => {
      const wish = constraintLabel(constraint, trans);
      return task === undefined ? wish : trans.__('%1 of %2', wish, printable(task));
    });
  return listing(words, trans, NAMED);
}
