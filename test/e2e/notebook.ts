import { writeFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import type { LabServer } from './server.js';

/** JupyterLab as `--expose-app-in-browser` shows it, as far as the tests use it. */
interface IJupyterApp {
  commands: { execute(id: string, args?: Record<string, unknown>): Promise<unknown> };
  shell: {
    currentWidget: {
      content?: { model: { toJSON(): unknown } };
      sessionContext?: { isReady: boolean; session?: { kernel?: { status: string } } };
    } | null;
  };
}

interface IExposed {
  jupyterapp: IJupyterApp;
}

/** A notebook open in JupyterLab, driven the way a person would. */
export class NotebookPage {
  constructor(
    readonly page: Page,
    private readonly _server: LabServer
  ) {}

  /** Opens a notebook and waits until its kernel is idle. */
  async open(name: string): Promise<void> {
    await this.page.goto(this._server.notebook(name));
    await this._ready();
  }

  /** Reloads the page; the notebook opens again by itself. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this._ready(false);
  }

  /** Runs one of JupyterLab's commands to its end. */
  async command(id: string, args: Record<string, unknown> = {}): Promise<void> {
    await this.page.evaluate(
      async ([name, options]) => {
        await (window as unknown as IExposed).jupyterapp.commands.execute(name, options);
      },
      [id, args] as const
    );
  }

  /** Runs all cells without waiting for their end. */
  async runAll(): Promise<void> {
    await this.page.evaluate(() => {
      void (window as unknown as IExposed).jupyterapp.commands.execute('notebook:run-all-cells');
    });
  }

  /** Writes the notebook as it is on the page, outputs included, to a file. */
  async save(path: string): Promise<void> {
    const json = await this.page.evaluate(() => {
      const { content } = (window as unknown as IExposed).jupyterapp.shell.currentWidget ?? {};
      return JSON.stringify(content?.model.toJSON() ?? null);
    });
    writeFileSync(path, json);
  }

  /** Code cells, in order. */
  get cells(): Locator {
    return this.page.locator('.jp-Notebook .jp-CodeCell');
  }

  /** The code cell with a text in its source. */
  cell(text: string): Locator {
    return this.cells.filter({ has: this.page.locator('.jp-InputArea', { hasText: text }) }).first();
  }

  /** Waits until a cell has run, i.e. shows a number as its prompt. */
  async ran(cell: Locator, seconds = 60): Promise<void> {
    const prompt = cell.locator('.jp-InputPrompt', { hasText: /^\[\d+\]:$/ });
    await prompt.waitFor({ timeout: seconds * 1000 });
  }

  /** Runs a source as a new cell at the end and returns its cell once it has run. */
  async run(source: string, seconds = 60): Promise<Locator> {
    const cell = await this._append(source);
    await this.command('notebook:run-cell');
    await this.ran(cell, seconds);
    return cell;
  }

  /** Restarts the kernel, confirming the question. */
  async restartKernel(): Promise<void> {
    const restarted = this.command('notebook:restart-kernel');
    await this.page.locator('.jp-Dialog button.jp-mod-accept').click();
    await restarted;
    await this._kernelIdle();
  }

  /** Switches to one of JupyterLab's own themes. */
  async theme(name: 'JupyterLab Light' | 'JupyterLab Dark'): Promise<void> {
    const light = name === 'JupyterLab Light';
    await this.command('apputils:change-theme', { theme: name });
    await this.page.locator(`body[data-jp-theme-light="${light}"]`).waitFor({ state: 'attached' });
  }

  private async _ready(idle = true): Promise<void> {
    await this.page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 60_000 });
    await this.cells.first().waitFor({ timeout: 60_000 });
    if (idle) {
      await this._kernelIdle();
    }
  }

  private async _kernelIdle(): Promise<void> {
    await this.page.waitForFunction(
      () => {
        const context = (window as unknown as IExposed).jupyterapp.shell.currentWidget?.sessionContext;
        return context?.isReady === true && context.session?.kernel?.status === 'idle';
      },
      undefined,
      { timeout: 60_000 }
    );
  }

  private async _append(source: string): Promise<Locator> {
    const count = await this.cells.count();
    await this.cells.last().click();
    await this.command('notebook:insert-cell-below');
    const cell = this.cells.nth(count);
    await cell.locator('.cm-content').click();
    await this.page.keyboard.insertText(source);
    return cell;
  }
}
