import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CDPSession, Locator, Page } from 'playwright-core';
import type { NotebookPage } from '../e2e/notebook.js';
import { animatedWebP } from './animatedWebP.js';

/** Where pictures are kept that pages show, and where those are that are only looked at. */
const IMAGES = 'docs/images';
const LOOKED_AT = 'out/tour';

const SMALL = { width: 1280, height: 800 };
const LARGE = { width: 1600, height: 1000 };
/** Of lossy WebP: text is still sharp, and a page of it takes less than 120 kB. */
const QUALITY = 82;
const FRAME_QUALITY = 55;
const FRAME_SCALE = 0.7;
const FRAMES = 20;

/** A part of a page. */
interface IPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Takes pictures of a page. */
export class Camera {
  private constructor(
    private readonly _notebook: NotebookPage,
    private readonly _devtools: CDPSession,
    private readonly _looks: boolean
  ) {}

  /** @param looks - whether each picture is also taken in dark and in a larger window. */
  static async on(notebook: NotebookPage, looks: boolean): Promise<Camera> {
    mkdirSync(IMAGES, { recursive: true });
    mkdirSync(LOOKED_AT, { recursive: true });
    await notebook.page.setViewportSize(SMALL);
    return new Camera(notebook, await notebook.page.context().newCDPSession(notebook.page), looks);
  }

  /**
   * A picture for the pages, named as they name it.
   *
   * @param part - what is to be seen of the page; all when absent.
   */
  async take(name: string, part?: Locator): Promise<void> {
    await this._settle();
    const place = (await part?.boundingBox()) ?? { x: 0, y: 0, ...SMALL };
    writeFileSync(join(IMAGES, `${name}.webp`), await this._picture(QUALITY, place));
    await this.look(name);
  }

  /** Pictures to be looked at only. */
  async look(name: string): Promise<void> {
    if (!this._looks) {
      return;
    }
    const path = (kind: string) => join(LOOKED_AT, `${name}-${kind}.png`);
    await this._page.screenshot({ path: path('small') });
    await this._page.setViewportSize(LARGE);
    await this._settle();
    await this._page.screenshot({ path: path('large') });
    await this._notebook.theme('JupyterLab Dark');
    await this._settle();
    await this._page.screenshot({ path: path('large-dark') });
    await this._page.setViewportSize(SMALL);
    await this._settle();
    await this._page.screenshot({ path: path('small-dark') });
    await this._notebook.theme('JupyterLab Light');
  }

  /** Adds a frame to the animation. */
  async film(): Promise<void> {
    this._frames.push(await this._picture(FRAME_QUALITY, { x: 0, y: 0, ...SMALL }, FRAME_SCALE));
  }

  /** Writes the animation, of as many frames as it may have, from all of its time. */
  develop(name: string): void {
    const step = Math.max(1, (this._frames.length - 1) / (FRAMES - 1));
    const chosen = Array.from(
      { length: Math.min(FRAMES, this._frames.length) },
      (_, i) => this._frames[Math.round(i * step)]!
    );
    // The end stays for a while.
    const last = chosen.at(-1)!;
    writeFileSync(join(IMAGES, `${name}.webp`), animatedWebP([...chosen, last, last, last], 500));
  }

  private get _page(): Page {
    return this._notebook.page;
  }

  /** Have what was asked for be drawn. */
  private async _settle(): Promise<void> {
    await this._page.waitForTimeout(700);
  }

  private async _picture(quality: number, place: IPlace, scale = 1): Promise<Buffer> {
    const { data } = await this._devtools.send('Page.captureScreenshot', {
      format: 'webp',
      quality,
      clip: { ...place, scale }
    });
    return Buffer.from(data, 'base64');
  }

  private readonly _frames: Buffer[] = [];
}
