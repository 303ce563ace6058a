import { Clipboard } from '@jupyterlab/apputils';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { noOutput } from '../../core/view/detail/outputState.js';
import { type Match, MOST_MATCHES, matchesIn, outputText } from '../../core/view/detail/outputText.js';
import { printable } from '../../core/view/format/escape.js';
import { count } from '../../core/view/format/format.js';
import { BlockList } from '../components/blockList.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { useRemembered } from '../context/remembered.js';
import type { ITaskTab } from './detailTab.js';
import { RetryNote } from './retryNote.js';
import { type IOutputChoice, useTaskOutput } from './taskOutput.js';

/** How much of the end of an output is read at first, and at most, in bytes. */
const FEW_BYTES = 65_536;
const MOST_BYTES = 1_048_576;

/** What the processes of a task have written. */
export function LogTab({ task, state }: ITaskTab) {
  const { trans } = useDashboardContext();
  const [choice, setChoice] = useState<IOutputChoice>({ attempt: null, rank: 0, bytes: FEW_BYTES });
  const { output, failure, retry } = useTaskOutput(task, choice);
  const text = useMemo(() => outputText(output?.text ?? ''), [output]);
  const change = (part: Partial<IOutputChoice>) => setChoice({ ...choice, ...part });
  const note = failure && <RetryNote failure={failure} onRetry={retry} />;
  if (output === null) {
    return note ?? <p role="status">{trans.__('Reading…')}</p>;
  }
  return (
    <div className="jp-SaturnLog">
      {note}
      <div className="jp-SaturnControls">
        <label>
          {trans.__('Attempt')}
          <select
            className="jp-mod-styled"
            value={choice.attempt ?? 'last'}
            onChange={({ target: { value } }) =>
              change({ attempt: value === 'last' ? null : Number(value), rank: 0 })
            }
          >
            <option value="last">{trans.__('the last one')}</option>
            {output.attempts.map(number => (
              <option key={number} value={number}>
                {number === 0 ? trans.__('when it was built') : count(number)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {trans.__('Rank')}
          <select
            className="jp-mod-styled"
            value={choice.rank}
            onChange={({ target: { value } }) => change({ rank: Number(value) })}
          >
            {[...new Set([choice.rank, ...output.ranks])]
              .sort((a, b) => a - b)
              .map(rank => (
                <option key={rank} value={rank}>
                  {rank}
                </option>
              ))}
          </select>
        </label>
        <button type="button" className="jp-mod-styled" onClick={() => Clipboard.copyToSystem(text)}>
          {trans.__('Copy')}
        </button>
        {output.cut && choice.bytes < MOST_BYTES && (
          <button
            type="button"
            className="jp-mod-styled"
            onClick={() => change({ bytes: Math.min(MOST_BYTES, choice.bytes * 4) })}
          >
            {trans.__('Show more')}
          </button>
        )}
      </div>
      {text.trim() === '' ? (
        <BlockList blocks={noOutput(task, state, choice, trans)} />
      ) : (
        <OutputText text={text} label={trans.__('Output of %1', task.spec.name)} />
      )}
      <p className="jp-SaturnSentence jp-mod-muted">
        {output.cut
          ? trans.__('The end of %1; more was written before.', printable(output.path))
          : printable(output.path)}
      </p>
    </div>
  );
}

/** A text that can be searched and followed. */
function OutputText({ text, label }: { text: string; label: string }) {
  const { trans } = useDashboardContext();
  const [isFollowed, setFollowed] = useRemembered<boolean>(
    'log-follow',
    true,
    value => typeof value === 'boolean'
  );
  const [isWrapped, setWrapped] = useRemembered<boolean>(
    'log-wrap',
    true,
    value => typeof value === 'boolean'
  );
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState(0);
  const box = useRef<HTMLPreElement>(null);
  const matches = useMemo(() => matchesIn(text, wanted), [text, wanted]);
  const current = matches.length === 0 ? -1 : ((at % matches.length) + matches.length) % matches.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: there is a new end when there is a new text
  useLayoutEffect(() => {
    if (isFollowed && wanted === '' && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [text, isFollowed, isWrapped, wanted]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place is looked at
  useEffect(() => {
    box.current?.querySelector('.jp-mod-current')?.scrollIntoView?.({ block: 'nearest' });
  }, [current, wanted]);
  return (
    <>
      <div className="jp-SaturnControls">
        <input
          type="search"
          className="jp-mod-styled"
          aria-label={trans.__('Search in the output')}
          placeholder={trans.__('Search')}
          value={wanted}
          onChange={({ target }) => {
            setWanted(target.value);
            setAt(0);
          }}
          onKeyDown={event => {
            if (event.key === 'Enter') {
              setAt(at + (event.shiftKey ? -1 : 1));
            }
          }}
        />
        <span role="status">
          {wanted !== '' &&
            (matches.length === 0
              ? trans.__('not found')
              : matches.length === MOST_MATCHES
                ? trans.__('%1 of %2 or more', count(current + 1), count(matches.length))
                : trans.__('%1 of %2', count(current + 1), count(matches.length)))}
        </span>
        <label>
          <input type="checkbox" checked={isFollowed} onChange={() => setFollowed(!isFollowed)} />
          {trans.__('Follow the end')}
        </label>
        <label>
          <input type="checkbox" checked={isWrapped} onChange={() => setWrapped(!isWrapped)} />
          {trans.__('Wrap lines')}
        </label>
      </div>
      <pre
        ref={box}
        className={`jp-SaturnLog-text${isWrapped ? ' jp-mod-wrapped' : ''}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={label}
      >
        <Marked text={text} matches={matches} current={current} />
      </pre>
    </>
  );
}

function Marked({ text, matches, current }: { text: string; matches: readonly Match[]; current: number }) {
  if (matches.length === 0) {
    return <>{text}</>;
  }
  const last = matches.at(-1)?.[1] ?? 0;
  return (
    <>
      {matches.map(([from, to], i) => (
        <span key={from}>
          {text.slice(matches[i - 1]?.[1] ?? 0, from)}
          <mark className={i === current ? 'jp-mod-current' : undefined}>{text.slice(from, to)}</mark>
        </span>
      ))}
      {text.slice(last)}
    </>
  );
}
