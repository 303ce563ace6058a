import { Gettext } from '@jupyterlab/translation';
import { beforeAll, describe, expect, it } from 'vitest';
import german from '../../python-shim/jupyterlab_saturn/locale/de_DE/LC_MESSAGES/jupyterlab_saturn.json' with {
  type: 'json'
};
import { noTasks } from '../../src/core/view/display/emptyStates.js';
import { render } from '../../src/core/view/render.js';
import { progressLine } from '../../src/core/view/status/progressLine.js';
import { EPOCH, emptyState, finishedState, runningState } from '../fixtures/sessionStates.js';

/** The German texts through JupyterLab's own translator, loaded as its manager does. */
describe('German', () => {
  let trans: Gettext;

  beforeAll(() => {
    trans = new Gettext({ domain: 'jupyterlab_saturn', locale: 'de_DE' });
    const head = german[''];
    trans.loadJSON(
      { ...german, '': { ...head, pluralForms: head.plural_forms } } as never,
      'jupyterlab_saturn'
    );
  });

  it('says where a session stands', () => {
    expect(progressLine(runningState(), EPOCH + 20, trans)).toMatch(/^Saturn: 1\/13 trainiert, 1 laufen/);
    expect(progressLine(finishedState(), EPOCH + 80, trans)).toBe('Saturn: 12/12 trainiert');
  });

  it('names the magic of a cell by both its percent signs', () => {
    expect(noTasks(trans)).toContain('`%%saturn task`');
    expect(render('tasks', emptyState(), EPOCH, trans).text).toContain('%%saturn task');
  });

  it('has one and many', () => {
    expect(trans._n('%2 task', '%2 tasks', 1, '1')).toBe('1 Aufgabe');
    expect(trans._n('%2 task', '%2 tasks', 3, '3')).toBe('3 Aufgaben');
  });

  it('tells in a picture when it was drawn', () => {
    expect(render('run', runningState(), EPOCH + 20, trans).text).toContain('Stand: 2026-');
  });
});
