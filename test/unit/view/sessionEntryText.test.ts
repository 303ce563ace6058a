import { expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import { sessionEntryLine, sessionEntryText } from '../../../src/core/view/status/sessionEntryText.js';
import { sessionEntry } from '../../fixtures/sessionEntries.js';

it.each([
  [{}, 'quickstart (vision, sweep.ipynb): 2 tasks train, 3 of 12 trained'],
  [{ running: 1 }, 'quickstart (vision, sweep.ipynb): 1 task trains, 3 of 12 trained'],
  [{ running: 0 }, 'quickstart (vision, sweep.ipynb): at work, 3 of 12 trained'],
  [{ state: 'idle', failed: 2 }, 'quickstart (vision, sweep.ipynb): idle, 3 of 12 trained, 2 failed'],
  [
    { state: 'idle', notebooks: ['a.ipynb', 'x/b.ipynb', 'c.ipynb'] },
    'quickstart (vision, a.ipynb, b.ipynb and 1 more): idle, 3 of 12 trained'
  ],
  [{ state: 'asleep', tasks: undefined }, 'quickstart (vision, sweep.ipynb): asleep'],
  [{ folder: '', notebooks: [], state: 'idle' }, 'quickstart (top folder): idle, 3 of 12 trained']
] as const)('tells sessions apart: %o', (part, line) => {
  expect(sessionEntryLine(sessionEntry(part as object), ENGLISH)).toBe(line);
});

it('shows no control characters of names', () => {
  const { name, place } = sessionEntryText(
    sessionEntry({ session: 'a\u202eb', folder: 'c\u001bd' }),
    ENGLISH
  );
  for (const hidden of ['\u001b', '\u202e']) {
    expect(`${name}${place}`).not.toContain(hidden);
  }
});
