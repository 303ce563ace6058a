import { Clipboard } from '@jupyterlab/apputils';
import { useEffect, useState } from 'react';
import {
  checkpointKindWords,
  loadingCode,
  modelPath,
  noCheckpoints
} from '../../core/view/detail/checkpointText.js';
import { printable } from '../../core/view/format/escape.js';
import { bytes, clockTime, count, duration } from '../../core/view/format/format.js';
import { failureOf } from '../../core/wire/failure.js';
import type { Failure, SavedCheckpoint } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { BlockList } from '../components/blockList.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { useVisible } from '../context/visibilityContext.js';
import type { ITaskTab } from './detailTab.js';
import { RetryNote } from './retryNote.js';

/** What a task has saved, and what can be done with it. */
export function CheckpointsTab(about: ITaskTab) {
  const { trans } = useDashboardContext();
  const { checkpoints, failure, retry } = useCheckpoints(about.task);
  return (
    <>
      {failure && <RetryNote failure={failure} onRetry={retry} />}
      {checkpoints === null && !failure && <p role="status">{trans.__('Looking…')}</p>}
      {checkpoints && <Checkpoints {...about} checkpoints={checkpoints} />}
    </>
  );
}

function Checkpoints(props: ITaskTab & { checkpoints: readonly SavedCheckpoint[] }) {
  const { trans } = useDashboardContext();
  const { checkpoints, task, state, now } = props;
  const model = modelPath(task, state);
  if (checkpoints.length === 0 && model === undefined) {
    return <BlockList blocks={noCheckpoints(task, state, trans)} />;
  }
  return (
    <div className="jp-SaturnPanel-scroll">
      <table className="jp-SaturnTable">
        <caption className="jp-SaturnPanel-hidden">{trans.__('Checkpoints of %1', task.spec.name)}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Step')}</th>
            <th scope="col">{trans.__('What')}</th>
            <th scope="col" className="jp-mod-number">
              {trans.__('Size')}
            </th>
            <th scope="col">{trans.__('Saved')}</th>
            <th scope="col">{trans.__('Do')}</th>
          </tr>
        </thead>
        <tbody>
          {model !== undefined && (
            <tr>
              <th scope="row">{count(task.result?.bestStep ?? task.progress.step)}</th>
              <td title={printable(model)}>{trans.__('trained model')}</td>
              <td />
              <td />
              <td>
                <Actions path={model} />
              </td>
            </tr>
          )}
          {[...checkpoints].reverse().map(one => (
            <tr key={one.path}>
              <th scope="row">{count(one.step)}</th>
              <td title={printable(one.path)}>{checkpointKindWords(one.kind, trans)}</td>
              <td className="jp-mod-number">{bytes(one.bytes)}</td>
              <td title={clockTime(one.savedAt, now, true)}>
                {trans.__('%1 ago', duration(Math.max(0, now - one.savedAt), trans))}
              </td>
              <td>
                <Actions
                  path={one.path}
                  kind={one.kind}
                  clone={{ session: state.folder, tasks: [task.spec.name], step: one.step }}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Actions(props: {
  path: string;
  kind?: SavedCheckpoint['kind'];
  /** Of what another task can begin with; undefined where it cannot. */
  clone?: { session: string; tasks: string[]; step: number };
}) {
  const { commands, trans } = useDashboardContext();
  const { path, kind, clone } = props;
  return (
    <div className="jp-SaturnPanel-buttons">
      <button type="button" className="jp-mod-styled" onClick={() => Clipboard.copyToSystem(path)}>
        {trans.__('Copy path')}
      </button>
      {commands.hasCommand(CommandIDs.insertCode) && (
        <button
          type="button"
          className="jp-mod-styled"
          disabled={!commands.isEnabled(CommandIDs.insertCode)}
          title={trans.__('Insert a cell that loads it below the active cell of the current notebook')}
          onClick={() => void commands.execute(CommandIDs.insertCode, { code: loadingCode(path, kind) })}
        >
          {trans.__('Insert code')}
        </button>
      )}
      {clone && commands.hasCommand(CommandIDs.cloneTasks) && (
        <button
          type="button"
          className="jp-mod-styled"
          disabled={!commands.isEnabled(CommandIDs.cloneTasks, clone)}
          title={trans.__('Make a task with other values that begins with these weights')}
          onClick={() => void commands.execute(CommandIDs.cloneTasks, clone)}
        >
          {trans.__('Clone from here…')}
        </button>
      )}
    </div>
  );
}

/** What a task has on disk: asked for when somebody looks, when it has saved again, and after a lost connection. */
function useCheckpoints(task: ITaskTab['task']) {
  const { session } = useDashboardContext();
  const { connected } = session.view;
  const isVisible = useVisible();
  const [tries, setTries] = useState(0);
  const [checkpoints, setCheckpoints] = useState<readonly SavedCheckpoint[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const { name } = task.spec;
  const saved = [task.checkpointStep, task.status, task.attempts.at(-1)?.savedStep].join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `saved` tells that there is something new, and `tries` of a wish
  useEffect(() => {
    if (!isVisible || !connected) {
      return;
    }
    let isWanted = true;
    session.request('checkpoints.read', { task: name }).then(
      reply => {
        if (isWanted && reply.type === 'checkpoints') {
          setCheckpoints(reply.body.checkpoints);
          setFailure(null);
        }
      },
      (error: unknown) => isWanted && setFailure(failureOf(error))
    );
    return () => {
      isWanted = false;
    };
  }, [session, name, saved, isVisible, connected, tries]);
  return { checkpoints, failure, retry: () => setTries(tries + 1) };
}
