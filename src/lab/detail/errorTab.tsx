import { Clipboard } from '@jupyterlab/apputils';
import { refusalOf } from '../../core/model/taskOrders.js';
import {
  type IFrame,
  libraryNames,
  ownFrame,
  type TracebackPart,
  tracebackParts
} from '../../core/view/detail/traceback.js';
import { printableLines } from '../../core/view/format/escape.js';
import { taskFailure } from '../../core/view/format/failures.js';
import { count } from '../../core/view/format/format.js';
import { WithCode } from '../components/withCode.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import type { ITaskTab } from './detailTab.js';

/** What Python draws below a line of code, which means nothing where that is wrapped. */
const UNDERLINE = /^\s*[~^]+\s*$/;

/** What went wrong with a task, where in the user's own code, and what to do. */
export function ErrorTab({ task }: ITaskTab) {
  const { session, trans } = useDashboardContext();
  const failure = taskFailure(task, trans);
  if (!failure) {
    return (
      <p className="jp-SaturnPanel-hint">
        {task.status === 'stopped'
          ? trans.__('Nothing went wrong with it: it was stopped.')
          : trans.__('Nothing has gone wrong with it.')}
      </p>
    );
  }
  const traceback = failure.traceback === undefined ? undefined : printableLines(failure.traceback);
  const parts = traceback === undefined ? [] : tracebackParts(traceback);
  const own = ownFrame(parts);
  const { connected, pending } = session.view;
  return (
    <>
      <div className="jp-SaturnFailure">
        <div className="jp-SaturnFailure-message">{printableLines(failure.message)}</div>
        {failure.hint && (
          <div className="jp-SaturnFailure-hint">
            <WithCode text={printableLines(failure.hint)} />
          </div>
        )}
        <div className="jp-SaturnPanel-buttons">
          {refusalOf('retry', task) === undefined && (
            <button
              type="button"
              className="jp-mod-styled jp-mod-accept"
              disabled={!connected || pending.has('retry')}
              onClick={() => void session.send('retry', { tasks: [task.spec.name] })}
            >
              {trans.__('Retry')}
            </button>
          )}
          <button
            type="button"
            className="jp-mod-styled"
            onClick={() => Clipboard.copyToSystem([failure.message, traceback].filter(Boolean).join('\n\n'))}
          >
            {trans.__('Copy')}
          </button>
        </div>
      </div>
      {own && (
        <section aria-label={trans.__('Where it failed in your code')}>
          <h4>{trans.__('Where it failed in your code')}</h4>
          <Frame frame={own} />
        </section>
      )}
      {parts.length > 0 && (
        <section className="jp-SaturnTraceback" aria-label={trans.__('Traceback')}>
          <h4>{trans.__('Traceback')}</h4>
          {parts.map((part, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place alone
            <Part key={i} part={part} />
          ))}
        </section>
      )}
      <p className="jp-SaturnSentence jp-mod-muted">
        <WithCode text={trans.__('Error code `%1`.', failure.code)} />
      </p>
    </>
  );
}

function Part({ part }: { part: TracebackPart }) {
  const { trans } = useDashboardContext();
  if (part.kind === 'text') {
    return <pre>{part.lines.join('\n')}</pre>;
  }
  const frames = part.frames.map((frame, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a call is known by its place alone
    <Frame key={i} frame={frame} />
  ));
  if (part.kind === 'own') {
    return <>{frames}</>;
  }
  const number = part.frames.length;
  const calls = trans._n('%2 call', '%2 calls', number, count(number));
  const names = libraryNames(part.frames);
  return (
    <details>
      <summary>
        {names.length > 0
          ? trans.__('%1 within %2', calls, names.join(', '))
          : trans.__('%1 within libraries', calls)}
      </summary>
      {frames}
    </details>
  );
}

/** What a kernel calls the source of a cell, of which there is no file. */
const CELL = /(^|[\\/])ipykernel_\d+[\\/]\d+\.py$/;

function Frame({ frame }: { frame: IFrame }) {
  const { trans } = useDashboardContext();
  const { line, within, code } = frame;
  const lines = code.filter(text => !UNDERLINE.test(text));
  const file = CELL.test(frame.file) ? trans.__('a cell of the notebook') : frame.file;
  return (
    <div className="jp-SaturnTraceback-frame">
      <div>
        {within === ''
          ? trans.__('%1, line %2', file, line)
          : trans.__('%1, line %2, in %3', file, line, within)}
      </div>
      {lines.length > 0 && <pre>{lines.join('\n')}</pre>}
    </div>
  );
}
