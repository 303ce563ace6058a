import { afterEach, expect, it, vi } from 'vitest';
import { chartInks } from '../../../src/lab/detail/chartInks.js';

afterEach(() => vi.unstubAllGlobals());

it.each([
  [false, { ink: '#123456', grid: '#ddd', paper: '#fff' }],
  [true, { ink: 'CanvasText', grid: 'GrayText', paper: 'Canvas' }]
])("is the theme's, unless the system forces its own: %s", (matches, inks) => {
  vi.stubGlobal('matchMedia', () => ({ matches }));
  const host = document.body.appendChild(document.createElement('div'));
  host.style.setProperty('--jp-ui-font-color1', '#123456');
  expect(chartInks(host)).toMatchObject(inks);
  host.remove();
});
