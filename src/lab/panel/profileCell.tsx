import { bytes, stepTime } from '../../core/view/format/format.js';
import {
  isRecalled,
  type ProfileEntry,
  reasonOf,
  stepSecondsOf
} from '../../core/view/profile/profileMatrix.js';
import type { ProfileCell as Cell } from '../../core/wire/messages.js';
import { usePanelContext } from '../context/panelContext.js';

/** One entry of the profile: every state has a sign or a word of its own, never a colour alone. */
export function ProfileCell(props: ProfileCell.IProps) {
  const { trans } = usePanelContext();
  const { entry, best, profiled } = props;
  const sign = isRecalled(entry) ? '↺ ' : '';
  const why = reasonOf(entry);
  switch (entry.kind) {
    case 'measured':
      return <Measured cell={entry.cell} sign={sign} fastest={stepSecondsOf(entry) === best} />;
    case 'interpolated':
      return <Interpolated cell={entry.cell} />;
    case 'oom':
      return (
        <td className="jp-mod-warning" title={why}>
          {sign}
          {trans.__('✕ out of memory')}
        </td>
      );
    case 'failed':
      return (
        <td className="jp-mod-failed" title={why}>
          {trans.__('✕ failed')}
        </td>
      );
    case 'pruned':
      return (
        <td className="jp-mod-quiet" title={why}>
          {trans.__('left out')}
        </td>
      );
    case 'infeasible':
      return (
        <td className="jp-mod-quiet" title={why}>
          {trans.__('cannot')}
        </td>
      );
    case 'running':
      return <td className="jp-mod-running">{trans.__('▸ measuring')}</td>;
    case 'queued':
      return <td className="jp-mod-quiet">{trans.__('… waiting')}</td>;
    case 'open':
      return <td className="jp-mod-quiet">{profiled ? trans.__('not needed') : trans.__('not measured')}</td>;
    case 'none':
      return <td className="jp-mod-quiet">–</td>;
  }
}

export namespace ProfileCell {
  export interface IProps {
    entry: ProfileEntry;
    /** Seconds of the shortest step of these tasks. */
    best: number;
    /** Whether what is not measured cannot change the plan. */
    profiled: boolean;
  }
}

function Measured(props: { cell: Cell; sign: string; fastest: boolean }) {
  const { trans } = usePanelContext();
  const { cell, sign, fastest } = props;
  const { stepSeconds, spreadSeconds, peakBytes, loadSeconds, startSeconds, saveSeconds } = cell;
  const costs = [
    cell.recalled && trans.__('measured in an earlier session'),
    loadSeconds !== undefined && trans.__('loading takes %1 of a step', stepTime(loadSeconds)),
    startSeconds !== undefined && trans.__('starts in %1', stepTime(startSeconds)),
    saveSeconds !== undefined && trans.__('a checkpoint takes %1', stepTime(saveSeconds))
  ];
  const facts = [
    spreadSeconds !== undefined && `± ${stepTime(spreadSeconds)}`,
    peakBytes !== undefined && bytes(peakBytes)
  ];
  return (
    <td className={fastest ? 'jp-mod-best' : ''} title={costs.filter(Boolean).join(', ')}>
      <span aria-hidden="true">{sign}</span>
      {stepTime(stepSeconds)}
      {fastest && <span className="jp-SaturnPanel-hidden"> {trans.__('(fastest)')}</span>}
      {cell.recalled && <span className="jp-SaturnPanel-hidden"> {trans.__('(earlier session)')}</span>}
      <div className="jp-SaturnProfile-facts">{facts.filter(Boolean).join(', ')}</div>
    </td>
  );
}

function Interpolated({ cell }: { cell: Cell }) {
  const { trans } = usePanelContext();
  const { stepSeconds, stepSecondsLow, stepSecondsHigh } = cell;
  return (
    <td className="jp-mod-quiet" title={trans.__('estimated from other device counts')}>
      <span aria-hidden="true">≈ </span>
      <span className="jp-SaturnPanel-hidden">{trans.__('about')} </span>
      {stepTime(stepSeconds)}
      {stepSecondsLow !== undefined && stepSecondsHigh !== undefined && (
        <div className="jp-SaturnProfile-facts">
          {trans.__('%1 to %2', stepTime(stepSecondsLow), stepTime(stepSecondsHigh))}
        </div>
      )}
    </td>
  );
}
