import { afterEach, beforeEach } from 'vitest';

/**
 * Have each test of a file begin where the one before ended: after the first that fails the others are left out.
 *
 * @param keep - keeps what there is to see of the failure.
 */
export function tellInParts(keep: () => Promise<void>): void {
  let broken = false;
  beforeEach(context => context.skip(broken, 'an earlier part of the story failed'));
  afterEach(async context => {
    if (context.task.result?.state === 'fail') {
      broken = true;
      await keep();
    }
  });
}
