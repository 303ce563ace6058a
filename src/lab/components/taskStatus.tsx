import type { TranslationBundle } from '@jupyterlab/translation';
import type { TaskStatus } from '../../core/wire/messages.js';
import { usePanelContext } from '../context/panelContext.js';

const MARKS: Record<TaskStatus, string> = {
  inspecting: '…',
  invalid: '✕',
  ready: '○',
  starting: '…',
  running: '▸',
  stopping: '…',
  stopped: '■',
  finished: '✓',
  failed: '✕'
};

/** A status in a person's words. */
export function statusText(status: TaskStatus, trans: TranslationBundle): string {
  switch (status) {
    case 'inspecting':
      return trans.__('being built');
    case 'invalid':
      return trans.__('cannot be built');
    case 'ready':
      return trans.__('ready');
    case 'starting':
      return trans.__('starting');
    case 'running':
      return trans.__('training');
    case 'stopping':
      return trans.__('stopping');
    case 'stopped':
      return trans.__('stopped');
    case 'finished':
      return trans.__('trained');
    case 'failed':
      return trans.__('failed');
  }
}

/** Mark and word of a task's status; never colour alone. */
export function StatusMark(props: { status: TaskStatus }) {
  const { trans } = usePanelContext();
  return (
    <span className={`jp-SaturnStatus jp-mod-${props.status}`}>
      <span aria-hidden="true">{MARKS[props.status]} </span>
      {statusText(props.status, trans)}
    </span>
  );
}
