import { useEffect, useState } from 'react';
import { outputText } from '../../core/view/detail/outputText.js';
import { printableLines } from '../../core/view/format/escape.js';
import { failureOf } from '../../core/wire/failure.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { useViewContext } from '../context/viewContext.js';
import { failureIn } from '../session/ownFailures.js';

/** So much is asked for, and so many lines of it are shown: the end is what matters. */
const BYTES = 8192;
const LINES = 20;

/** The end of what a task has printed, as it is when this is opened; null until it is known. */
export function TaskLog({ task }: { task: string }) {
  const { commands, session, trans } = useViewContext();
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    let isWanted = true;
    const show = (found: string) => {
      if (isWanted) {
        setText(found);
      }
    };
    session.request('output.read', { task, bytes: BYTES }).then(
      answer => show(answer.type === 'output' ? lastLines(answer.body.text) : ''),
      error => show(printableLines(failureIn(failureOf(error), trans).message))
    );
    return () => {
      isWanted = false;
    };
  }, [session, task, trans]);
  return (
    <section className="jp-SaturnTaskLog" aria-label={trans.__('Log of %1', task)}>
      <pre>
        {text === null ? trans.__('Reading…') : text === '' ? trans.__('It has printed nothing.') : text}
      </pre>
      <button
        type="button"
        className="jp-SaturnPanel-toggle"
        onClick={() => void commands.execute(CommandIDs.dashboard, { tasks: [task], show: 'log' })}
      >
        {trans.__('All of it, in the dashboard')}
      </button>
    </section>
  );
}

function lastLines(text: string): string {
  return outputText(text).trimEnd().split('\n').slice(-LINES).join('\n');
}
