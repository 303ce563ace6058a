import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ISessionNews } from '../../../src/lab/notifications/sessionNews.js';
import { SessionNotifier } from '../../../src/lab/notifications/sessionNotifier.js';
import { TitleMark } from '../../../src/lab/notifications/titleMark.js';
import { ToldOnce } from '../../../src/lab/notifications/toldOnce.js';
import { finishedState, runningState } from '../../fixtures/sessionStates.js';

const flush = () => vi.advanceTimersByTimeAsync(5000);

/** Pages of one browser: they share what they remember. */
class Page {
  readonly shown: ISessionNews[] = [];
  readonly notifier: SessionNotifier;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>, isHidden = false) {
    this.notifier = new SessionNotifier({
      trans: nullTranslator.load(''),
      told: new ToldOnce({ storage, isHidden: () => isHidden, exclusively: async act => act() }),
      mark: { put: sign => void this.marks.push(sign), dispose: () => undefined },
      notify: news => void this.shown.push(news)
    });
  }

  readonly marks: string[] = [];

  async live(): Promise<void> {
    this.notifier.take(runningState());
    this.notifier.take(finishedState());
  }
}

describe('SessionNotifier', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
  });
  afterEach(() => vi.useRealTimers());

  it('tells nothing of what it finds when the page is opened', async () => {
    const page = new Page(localStorage);
    page.notifier.take(finishedState());
    await flush();
    expect(page.shown).toEqual([]);
  });

  it('is told by one page of several, rather one that is seen', async () => {
    const pages = [new Page(localStorage, true), new Page(localStorage), new Page(localStorage, true)];
    for (const page of pages) {
      await page.live();
    }
    await flush();
    expect(pages.map(({ shown }) => shown.length)).toEqual([0, 1, 0]);
  });

  it('is told by a page that nobody sees when there is no other', async () => {
    const page = new Page(localStorage, true);
    await page.live();
    await flush();
    expect(page.shown.map(({ kind }) => kind)).toEqual(['ended']);
  });

  it.each([
    ['all', 2],
    ['end', 1],
    ['none', 0]
  ] as const)('tells as much as is wanted: %s', async (level, number) => {
    const page = new Page(localStorage);
    page.notifier.level = level;
    page.notifier.take(runningState());
    page.notifier.take({ ...runningState(), agent: 'away', rev: 91 });
    page.notifier.take(finishedState());
    await flush();
    expect(page.shown).toHaveLength(number);
  });

  it.each([
    ['nothing can be kept', null],
    ['somebody else wrote there', '{"a": 1']
  ])('tells where %s', async (_, kept) => {
    const setItem = () => {
      throw new Error('QuotaExceeded');
    };
    const page = new Page({ getItem: () => kept, setItem });
    await page.live();
    await flush();
    expect(page.shown).toHaveLength(1);
  });

  it('takes in the newest of what several notebooks tell of one session', async () => {
    const page = new Page(localStorage);
    await page.live();
    for (let i = 0; i < 3; i++) {
      page.notifier.take(runningState());
      page.notifier.take(finishedState());
    }
    await flush();
    expect(page.marks).toEqual(['✓']);
    expect(page.shown).toHaveLength(1);
  });

  it('tells once of an agent that is away, whichever revision a page hears of', async () => {
    const pages = [new Page(localStorage), new Page(localStorage)];
    for (const [i, page] of pages.entries()) {
      page.notifier.take(runningState());
      page.notifier.take({ ...runningState(), agent: 'away', rev: 100 + i });
    }
    await flush();
    expect(pages.map(({ shown }) => shown.length)).toEqual([1, 0]);
  });

  it('is silent once it is disposed of', async () => {
    const page = new Page(localStorage, true);
    await page.live();
    page.notifier.dispose();
    await flush();
    expect(page.shown).toEqual([]);
  });
});

describe('TitleMark', () => {
  const page = { visibilityState: 'hidden', title: 'nb.ipynb - JupyterLab' };
  const target = new EventTarget();
  const see = (visibilityState: string) => {
    page.visibilityState = visibilityState;
    target.dispatchEvent(new Event('visibilitychange'));
  };
  const mark = new TitleMark(
    Object.assign(page, {
      addEventListener: target.addEventListener.bind(target),
      removeEventListener: target.removeEventListener.bind(target)
    }) as unknown as Document
  );

  it('marks the title of a page until it is seen', () => {
    mark.put('✓');
    mark.put('⚠');
    expect(page.title).toBe('⚠ nb.ipynb - JupyterLab');
    see('visible');
    expect(page.title).toBe('nb.ipynb - JupyterLab');
  });

  it('leaves alone a page that is seen, and a title that somebody has set since', () => {
    mark.put('✓');
    expect(page.title).toBe('nb.ipynb - JupyterLab');
    see('hidden');
    mark.put('✓');
    page.title = 'other.ipynb - JupyterLab';
    see('visible');
    expect(page.title).toBe('other.ipynb - JupyterLab');
  });
});
