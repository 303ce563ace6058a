import type { CDPSession, Page } from 'playwright-core';

/** What a page did over a time. */
export interface IPageUse {
  /** Milliseconds of tasks that kept the page from answering for more than 50 ms. */
  readonly longMs: number;
  /** The longest of them, in milliseconds. */
  readonly worstMs: number;
  /** The most that a task computed, in milliseconds: how long it would have taken with a core to itself. */
  readonly worstCpuMs: number;
  /** Milliseconds that the page computed in all. */
  readonly cpuMs: number;
  /** Bytes a second that came in over web sockets. */
  readonly bytesPerSecond: number;
  /** Elements in the document. */
  readonly nodes: number;
  /** Bytes of the heap after a collection. */
  readonly heapBytes: number;
  /** Milliseconds from a key to the next frame, the slowest. */
  readonly keyMs: number;
}

/** What a page holds, after a collection. */
export interface IPageHoldings {
  /** Bytes of the heap. */
  readonly heapBytes: number;
  /** Nodes of documents, those that are in none any more included. */
  readonly nodes: number;
  readonly listeners: number;
}

/** An event of a trace, as far as it is used. */
interface ITraced {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of CPU. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Counts what a page costs those who look at it and type in it. */
export class PageMeter {
  private constructor(
    private readonly _page: Page,
    private readonly _devtools: CDPSession
  ) {
    this._devtools.on('Network.webSocketFrameReceived', ({ response }) => {
      // Kernels' frames are binary, which devtools tell in base64.
      const { opcode, payloadData } = response;
      this._bytes += opcode === 2 ? (payloadData.length * 3) / 4 : payloadData.length;
    });
    this._devtools.on('Tracing.dataCollected', ({ value }) => {
      for (const event of value as unknown as ITraced[]) {
        this._traced.push(event);
      }
    });
  }

  static async on(page: Page): Promise<PageMeter> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.enable');
    await devtools.send('HeapProfiler.enable');
    await devtools.send('Performance.enable');
    return new PageMeter(page, devtools);
  }

  /** What it does in so many seconds, in which a key is pressed each half second in whatever has the focus. */
  watch(seconds: number): Promise<IPageUse> {
    return this.during(async () => {
      const since = Date.now();
      while (Date.now() - since < seconds * 1000) {
        await this._page.keyboard.press('x');
        await this._page.waitForTimeout(500);
      }
    });
  }

  /** What it does while something is done to it. */
  async during(act: () => Promise<void>): Promise<IPageUse> {
    await this._page.evaluate(() => {
      const found: number[] = [];
      const keys: number[] = [];
      const observer = new PerformanceObserver(list => {
        found.push(...list.getEntries().map(({ duration }) => duration));
      });
      observer.observe({ type: 'longtask' });
      const onKey = () => {
        const since = performance.now();
        requestAnimationFrame(() => keys.push(performance.now() - since));
      };
      document.addEventListener('keydown', onKey, true);
      Object.assign(window, {
        saturnMeter: () => {
          observer.disconnect();
          document.removeEventListener('keydown', onKey, true);
          return { found, keys };
        }
      });
    });
    this._bytes = 0;
    this._traced = [];
    await this._devtools.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline'] }
    });
    const since = Date.now();
    await act();
    const took = (Date.now() - since) / 1000;
    const bytes = this._bytes;
    const { found, keys, nodes } = await this._page.evaluate(() => ({
      ...(window as unknown as { saturnMeter(): { found: number[]; keys: number[] } }).saturnMeter(),
      nodes: document.querySelectorAll('*').length
    }));
    const cpu = await this._taskCpu();
    const { heapBytes } = await this.holdings();
    return {
      longMs: found.reduce((sum, ms) => sum + ms, 0),
      worstMs: Math.max(0, ...found),
      worstCpuMs: Math.max(0, ...cpu),
      cpuMs: cpu.reduce((sum, ms) => sum + ms, 0),
      bytesPerSecond: bytes / took,
      nodes,
      heapBytes,
      keyMs: Math.max(0, ...keys)
    };
  }

  /** What it holds once what nobody needs is collected. */
  async holdings(): Promise<IPageHoldings> {
    await this._devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await this._devtools.send('Performance.getMetrics');
    const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? 0;
    return { heapBytes: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
  }

  /** Milliseconds that each task of the page computed. */
  private async _taskCpu(): Promise<number[]> {
    const complete = new Promise(resolve => this._devtools.once('Tracing.tracingComplete', resolve));
    await this._devtools.send('Tracing.end');
    await complete;
    const threadOf = ({ pid, tid }: ITraced) => `${pid} ${tid}`;
    const isPage = ({ name, args }: ITraced) => name === 'thread_name' && args?.name === 'CrRendererMain';
    const pages = new Set(this._traced.filter(isPage).map(threadOf));
    return this._traced
      .filter(event => event.name === 'RunTask' && pages.has(threadOf(event)))
      .map(({ tdur = 0 }) => tdur / 1000);
  }

  private _bytes = 0;
  private _traced: ITraced[] = [];
}
