import { afterEach, expect, it, vi } from 'vitest';
import { Visibility } from '../../../src/lab/context/visibility.js';

afterEach(() => vi.restoreAllMocks());

it('is that of a widget that is shown in a page that is', () => {
  const visibility = new Visibility();
  const seen: boolean[] = [];
  visibility.changed.connect(() => seen.push(visibility.isVisible));
  visibility.isShown = true;
  visibility.isShown = true;
  const page = vi.spyOn(document, 'visibilityState', 'get');
  page.mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  page.mockReturnValue('visible');
  document.dispatchEvent(new Event('visibilitychange'));
  visibility.isShown = false;
  expect(seen).toEqual([true, false, true, false]);
  visibility.dispose();
  page.mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  expect(seen).toHaveLength(4);
});
