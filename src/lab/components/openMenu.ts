import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

/** A menu of commands, in their order; null is a line between. */
export function commandMenu(
  commands: CommandRegistry,
  items: readonly (Menu.IItemOptions | null)[],
  label = ''
): Menu {
  const menu = new Menu({ commands });
  menu.title.label = label;
  for (const item of items) {
    menu.addItem(item ?? { type: 'separator' });
  }
  return menu;
}

/** Open a menu at a place on the page. Once closed it is disposed of, with the menus in it, and the focus is back. */
export function openMenu(menu: Menu, x: number, y: number, back: Element | null): void {
  menu.aboutToClose.connect(() => {
    // Before what was chosen is done: a dialog gives the focus back to where it was.
    if (back instanceof HTMLElement) {
      back.focus({ preventScroll: true });
    }
    // What was chosen is done after the menu has closed.
    queueMicrotask(() => {
      for (const { submenu } of menu.items) {
        submenu?.dispose();
      }
      menu.dispose();
    });
  });
  menu.open(x, y);
}

/** Open the menu of a button below it, with its first item at hand. */
export function openMenuBelow(menu: Menu, button: HTMLElement): void {
  const { left, bottom } = button.getBoundingClientRect();
  openMenu(menu, left, bottom, button);
  menu.activateNextItem();
}
