import { useEffect, useState } from 'react';
import { failureOf } from '../../core/wire/failure.js';
import type { EngineMessages, Failure, TaskState } from '../../core/wire/messages.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { useVisible } from '../context/visibilityContext.js';

/** How often the end of an output is asked for while it may grow, in milliseconds. */
const INTERVAL = 1000;

/** Which output of a task, and how much of its end. */
export interface IOutputChoice {
  /** The last one when null. */
  readonly attempt: number | null;
  readonly rank: number;
  readonly bytes: number;
}

/** What a process of a task has written: asked for again while the task goes on and somebody looks, and after a lost connection. */
export function useTaskOutput(task: TaskState, { attempt, rank, bytes }: IOutputChoice) {
  const { session } = useDashboardContext();
  const { connected } = session.view;
  const isVisible = useVisible();
  const [tries, setTries] = useState(0);
  const [output, setOutput] = useState<EngineMessages['output'] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const { name } = task.spec;
  const isGrowing = ['inspecting', 'starting', 'running', 'stopping'].includes(task.status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another status tells of a last line, another number of tries of a wish
  useEffect(() => {
    if (!isVisible || !connected) {
      return;
    }
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const body = { task: name, rank, bytes, ...(attempt !== null && { attempt }) };
        const reply = await session.request('output.read', body);
        if (isWanted && reply.type === 'output') {
          setOutput(old => (old && isSame(old, reply.body) ? old : reply.body));
          setFailure(null);
        }
      } catch (error) {
        if (isWanted) {
          setFailure(failureOf(error));
        }
      }
      if (isWanted && isGrowing) {
        timer = setTimeout(() => void ask(), INTERVAL);
      }
    };
    void ask();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [session, name, attempt, rank, bytes, isVisible, connected, isGrowing, task.status, tries]);
  return { output, failure, retry: () => setTries(tries + 1) };
}

function isSame(a: EngineMessages['output'], b: EngineMessages['output']): boolean {
  return (
    a.text === b.text &&
    a.path === b.path &&
    a.ranks.join() === b.ranks.join() &&
    a.attempts.join() === b.attempts.join()
  );
}
