// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { exportedFile } from '../../../../src/core/view/export/exportedFile.js';
import { tasksCsv } from '../../../../src/core/view/export/tasksCsv.js';
import { SaturnError } from '../../../../src/core/wire/failure.js';
import { validate } from '../../../../src/core/wire/messages.js';
import { hostileState } from '../../../fixtures/hostileState.js';
import {
  definedSession,
  emptySession,
  finishedSession,
  plannedSession,
  runningSession,
  T0
} from '../sessionStates.js';

const file = (format: 'html' | 'svg' | 'csv' | 'json', state = finishedSession()) =>
  exportedFile(format, state, T0 + 60, ENGLISH);

/** The fields of CSV, line by line. */
function parsed(csv: string): string[][] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (end === '' && quoted === undefined && plain === '') {
      break;
    }
    lines.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') {
      lines.push([]);
    }
  }
  return lines.slice(0, -1);
}

describe('exportedFile', () => {
  it('names files after the session and what they hold', () => {
    const names = (['html', 'svg', 'csv', 'json'] as const).map(format => file(format).name);
    expect(names.map(name => name.replace(/^[^-]+/, 'S'))).toEqual([
      'S-report.html',
      'S-schedule.svg',
      'S-tasks.csv',
      'S-plan.json'
    ]);
    expect(file('csv', { ...finishedSession(), session: '../a b/c' }).name).toBe('-a-b-c-tasks.csv');
  });

  it('makes a page that needs nothing else', () => {
    const { text } = file('html');
    const page = new DOMParser().parseFromString(text, 'text/html');
    expect(page.querySelectorAll('script, link, img, iframe, [src]')).toHaveLength(0);
    expect(page.querySelectorAll('svg.jp-saturn-gantt')).toHaveLength(1);
  });

  it('tells in a page how far those are that are not trained, unless nothing has begun', () => {
    const [trains, planned, done] = [runningSession(), plannedSession(), finishedSession()];
    const page = file('html', trains).text;
    expect(page).toContain('2/12 trained, 2 running');
    for (const { spec } of trains.tasks) {
      expect(page).toContain(spec.name);
    }
    for (const state of [planned, done]) {
      expect(file('html', state).text).not.toContain('Not finished');
    }
  });

  it('draws the schedule as SVG that is well-formed, also of hostile names', () => {
    for (const state of [plannedSession(), hostileState(finishedSession())]) {
      const picture = new DOMParser().parseFromString(file('svg', state).text, 'image/svg+xml');
      expect(picture.querySelector('parsererror')).toBeNull();
      expect(picture.documentElement.localName).toBe('svg');
    }
  });

  it('writes a plan that can be used again', () => {
    const plan = JSON.parse(file('json', plannedSession()).text);
    validate('Plan', plan);
    expect(plan.segments).toEqual(plannedSession().plan!.plan.segments);
  });

  it.each([
    ['svg', definedSession()],
    ['json', definedSession()],
    ['csv', emptySession()]
  ] as const)('says when there is nothing for %s', (format, state) => {
    expect(() => file(format, state)).toThrow(SaturnError);
  });
});

describe('tasksCsv', () => {
  it('has a line a task, and a column a parameter and a metric', () => {
    const state = finishedSession();
    const [head, ...lines] = parsed(tasksCsv(state));
    expect(lines.map(line => line[0])).toEqual(state.tasks.map(({ spec }) => spec.name));
    expect(new Set(lines.map(line => line.length))).toEqual(new Set([head!.length]));
    const at = state.tasks.findIndex(({ result }) => result !== undefined);
    const trained = state.tasks[at]!;
    for (const [name, value] of Object.entries(trained.spec.params)) {
      expect(lines[at]![head!.indexOf(`params.${name}`)]).toBe(String(value));
    }
    for (const [name, value] of Object.entries(trained.result!.metrics)) {
      expect(Number(lines[at]![head!.indexOf(`metrics.${name}`)])).toBeCloseTo(value!);
    }
  });

  it('keeps what others wrote in its field, and no formula', () => {
    const state = finishedSession();
    const [task] = state.tasks;
    task!.spec.params = { note: '=1+1, "x"\nsecond', low: -3, word: '-x' };
    const [head, line] = parsed(tasksCsv({ ...state, tasks: [task!] }));
    const value = (name: string) => line![head!.indexOf(`params.${name}`)];
    expect(value('note')).toBe('\'=1+1, "x"\nsecond');
    expect([value('low'), value('word')]).toEqual(['-3', "'-x"]);
  });
});
