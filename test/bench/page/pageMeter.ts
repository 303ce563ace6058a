import type { CDPSession, Page } from 'playwright-core';

/** What a page did over a time. */
export interface IPageUse {
  /** Milliseconds of tasks that kept the page from answering for more than 50 ms. */
  readonly longMs: number;
  /** The longest of them, in milliseconds. */
  readonly worstMs: number;
  /** Bytes a second that came in over web sockets. */
  readonly bytesPerSecond: number;
  /** Elements in the document. */
  readonly nodes: number;
  /** Bytes of the heap after a collection. */
  readonly heapBytes: number;
  /** Milliseconds from a key to the next frame, the slowest. */
  readonly keyMs: number;
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
  }

  static async on(page: Page): Promise<PageMeter> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.enable');
    await devtools.send('HeapProfiler.enable');
    return new PageMeter(page, devtools);
  }

  /** What it does in so many seconds, in which a key is pressed each half second in whatever has the focus. */
  async watch(seconds: number): Promise<IPageUse> {
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
    const since = Date.now();
    while (Date.now() - since < seconds * 1000) {
      await this._page.keyboard.press('x');
      await this._page.waitForTimeout(500);
    }
    const took = (Date.now() - since) / 1000;
    const bytes = this._bytes;
    const { found, keys, nodes } = await this._page.evaluate(() => ({
      ...(window as unknown as { saturnMeter(): { found: number[]; keys: number[] } }).saturnMeter(),
      nodes: document.querySelectorAll('*').length
    }));
    await this._devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this._devtools.send('Runtime.getHeapUsage');
    return {
      longMs: found.reduce((sum, ms) => sum + ms, 0),
      worstMs: Math.max(0, ...found),
      bytesPerSecond: bytes / took,
      nodes,
      heapBytes: usedSize,
      keyMs: Math.max(0, ...keys)
    };
  }

  private _bytes = 0;
}
