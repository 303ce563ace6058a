import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PanelSections } from '../../../src/lab/panel/panelSections.js';
import { PanelShell } from '../../../src/lab/panel/panelShell.js';

let shell: PanelShell;
let load: () => Promise<Widget>;
let loaded: number;

const attach = async () => {
  Widget.attach(shell, document.body);
  MessageLoop.flush();
  await Promise.resolve();
};

beforeEach(() => {
  loaded = 0;
  load = async () => new Widget();
  const trans = nullTranslator.load('');
  shell = new PanelShell({
    trans,
    load: () => {
      loaded++;
      return load();
    }
  });
});

afterEach(() => shell.dispose());

it('loads nothing while nobody looks, and what is shown once', async () => {
  shell.hide();
  await attach();
  expect(loaded).toBe(0);
  shell.show();
  shell.hide();
  shell.show();
  await vi.waitFor(() => expect(shell.node.children).toHaveLength(1));
  expect(loaded).toBe(1);
});

it('says what kept it from loading, and tries again when somebody looks again', async () => {
  load = () => Promise.reject(new Error('The server is gone.'));
  await attach();
  await vi.waitFor(() => expect(shell.node.textContent).toBe('The server is gone.'));
  load = async () => new Widget();
  shell.hide();
  shell.show();
  await vi.waitFor(() => expect(shell.node.children).toHaveLength(1));
  expect([loaded, shell.node.textContent]).toEqual([2, '']);
});

it('its sections are told when it is wanted', async () => {
  const sections = new PanelSections();
  const told = vi.fn();
  const done = sections.wanted.then(told);
  await Promise.resolve();
  expect(told).toHaveBeenCalledTimes(0);
  sections.want();
  sections.want();
  await done;
  expect(told).toHaveBeenCalledTimes(1);
});

it('has the focus once it is activated, so that Tab leads to what is in it', async () => {
  await attach();
  MessageLoop.sendMessage(shell, Widget.Msg.ActivateRequest);
  expect(document.activeElement).toBe(shell.node);
});
