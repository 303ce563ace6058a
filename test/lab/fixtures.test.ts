import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { validate } from '../../src/core/wire/messages.js';
import { VERSION } from '../../src/lab/extension.js';
import { manyTasks } from '../fixtures/manyTasks.js';
import * as states from '../fixtures/sessionStates.js';

describe('session fixtures', () => {
  it.each([
    ['empty', states.emptyState],
    ['profiling', states.profilingState],
    ['planned', states.plannedState],
    ['explained', states.explainedState],
    ['running', states.runningState],
    ['finished', states.finishedState],
    ['large', () => manyTasks(20, states.EPOCH).at(30)]
  ])('%s is a valid SessionState', (_, make) => {
    expect(() => validate('SessionState', JSON.parse(JSON.stringify(make())))).not.toThrow();
  });
});

describe('VERSION', () => {
  it('is that of the package', () => {
    expect(VERSION).toBe(manifest.version);
  });
});
