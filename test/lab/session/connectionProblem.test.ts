import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { type ConnectionProblem, connectionProblemText } from '../../../src/lab/session/connectionProblem.js';
import { notConnected } from '../../../src/lab/session/sessionLine.js';

const failure = { code: 'no-node', message: 'No Node.js was found.', hint: 'Install Node.js 20.' };

const all: ConnectionProblem[] = [
  { kind: 'no-notebook' },
  { kind: 'no-kernel' },
  { kind: 'kernel-starting' },
  { kind: 'kernel-restarting' },
  { kind: 'kernel-dead' },
  { kind: 'kernel-disconnected' },
  { kind: 'kernel-busy' },
  { kind: 'not-python', language: 'julia' },
  { kind: 'connecting' },
  { kind: 'not-loaded' },
  { kind: 'loading' },
  { kind: 'not-attached', session: 'quickstart' },
  { kind: 'attaching' },
  { kind: 'waiting' },
  { kind: 'failed', failure, retry: 'attach' },
  { kind: 'agent-away' }
];

describe('absenceText', () => {
  const text = (problem: ConnectionProblem) => connectionProblemText(problem, nullTranslator.load(''));

  it.each(all)('says $kind, and what comes next', problem => {
    const { title, detail, busy } = text(problem);
    expect(title).not.toBe('');
    // Either the product works on it, or the user is told what to do.
    expect(busy || detail !== '').toBe(true);
  });

  it("tells failures of the page's own in the reader's language", () => {
    const { failure } = notConnected();
    const trans = { ...nullTranslator.load(''), __: (words: string) => `<${words}>` };
    const { title, detail } = connectionProblemText({ kind: 'failed', failure, retry: null }, trans as never);
    expect([title, detail]).toEqual([`<${failure.message}>`, `<${failure.hint}>`]);
  });

  it('offers a button exactly where one helps', () => {
    const actions = all.flatMap(problem => {
      const { action } = text(problem);
      return action ? [[problem.kind, action.do]] : [];
    });
    expect(actions).toEqual([
      ['not-loaded', 'load'],
      ['not-attached', 'attach'],
      ['failed', 'attach']
    ]);
  });

  it('names the language, the session and the failure', () => {
    expect(text({ kind: 'not-python', language: 'julia' }).detail).toContain('julia');
    expect(text({ kind: 'not-attached', session: 'quickstart' }).detail).toContain('quickstart');
    expect(text({ kind: 'failed', failure, retry: null })).toMatchObject({
      title: failure.message,
      detail: failure.hint,
      action: null
    });
  });
});
