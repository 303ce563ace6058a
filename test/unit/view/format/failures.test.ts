import { describe, expect, it } from 'vitest';
import { mergedFailures } from '../../../../src/core/view/format/failures.js';

const error = { code: 'task-error', message: 'not with others' };

describe('equal failures', () => {
  it('are told once, and whom they befell is named once', () => {
    const failures = ['a under ddp x2', 'b under ddp x2', 'a under ddp x2'].map(name => ({
      where: [name],
      error
    }));
    expect(mergedFailures(failures)).toEqual([{ where: ['a under ddp x2', 'b under ddp x2'], error }]);
  });
});
