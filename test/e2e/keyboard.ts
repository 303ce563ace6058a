import type { Locator, Page } from 'playwright-core';

/** So often a key is pressed at most until it has led where it is to. */
const MOST = 100;

/** A page used by keyboard alone: what no key leads to is not found. */
export class Keyboard {
  constructor(private readonly _page: Page) {}

  async press(key: string): Promise<void> {
    await this._page.keyboard.press(key);
  }

  /** Presses Tab, or Shift+Tab for what lies before, until an element has the focus. */
  async tabTo(place: Locator): Promise<void> {
    await place.waitFor();
    const isBefore = await place.evaluate(node => {
      const from = document.activeElement ?? document.body;
      return (
        !from.contains(node) && (from.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING) > 0
      );
    });
    await this._pressUntil(isBefore ? 'Shift+Tab' : 'Tab', place, () => this.isWithin(place));
  }

  /** Presses a key until there is an element. */
  async pressUntil(key: string, wanted: Locator): Promise<void> {
    await this._pressUntil(key, wanted, async () => (await wanted.count()) > 0);
  }

  /** Whether an element, or one in it, has the focus. */
  async isWithin(place: Locator): Promise<boolean> {
    return place.evaluate(node => node.contains(document.activeElement)).catch(() => false);
  }

  /** Goes to an item of the open menu, and chooses it. */
  async choose(item: string): Promise<void> {
    await this._page.locator('.lm-Menu').waitFor();
    await this.pressUntil('ArrowDown', this._page.locator(`.lm-Menu-item.lm-mod-active${item}`));
    await this.press('Enter');
    await this._page.locator('.lm-Menu').waitFor({ state: 'detached' });
  }

  /** Carries out a command by its name in the palette. */
  async palette(name: string): Promise<void> {
    await this.press('Control+Shift+C');
    const item = this._page.locator('.lm-CommandPalette-item.lm-mod-active').filter({ hasText: name });
    await this._page.locator('.lm-CommandPalette-input:focus').waitFor();
    await this._page.keyboard.type(name);
    await item.waitFor();
    await this.press('Enter');
  }

  private async _pressUntil(key: string, wanted: Locator, isThere: () => Promise<boolean>): Promise<void> {
    for (let i = 0; !(await isThere()); i++) {
      if (i === MOST) {
        throw new Error(`${key} does not lead to ${wanted}.`);
      }
      await this.press(key);
    }
  }
}
