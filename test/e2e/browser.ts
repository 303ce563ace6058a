import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(':');
  const found = names.flatMap(name => folders.map(folder => `${folder}/${name}`)).find(existsSync);
  const path = process.env.CHROMIUM_PATH ?? found;
  if (!path) {
    throw new Error('No Chromium found; name one in the variable CHROMIUM_PATH.');
  }
  return path;
}

/** A browser with one page, which remembers what was written to its console. */
export class BrowserPage {
  /** Errors on the console and uncaught exceptions, with where they came from. */
  readonly errors: string[] = [];

  private constructor(
    private readonly _browser: Browser,
    private readonly _context: BrowserContext,
    readonly page: Page
  ) {
    page.on('console', message => {
      if (message.type() === 'error') {
        this.errors.push(`${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', error => {
      this.errors.push(error.stack ?? error.message);
    });
  }

  static async open(): Promise<BrowserPage> {
    const browser = await chromium.launch({
      executablePath: findChromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    });
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    return new BrowserPage(browser, context, await context.newPage());
  }

  /** The errors that this product wrote, as far as their text or place tells. */
  get ours(): string[] {
    return this.errors.filter(error => /saturn/i.test(error));
  }

  async close(): Promise<void> {
    await this._context.close();
    await this._browser.close();
  }
}
