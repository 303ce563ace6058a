import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { briefly, type ITaskFailure } from '../format/failures.js';
import { type Remarks, remarksOf } from '../format/remarks.js';
import { type IProfileMatrix, reasonOf } from './profileMatrix.js';

/** Why strategies are not used, and whose; {@link profileFailures} tells of those that failed. */
export function profileReasons({ classes, devices }: IProfileMatrix, trans: ITranslation): Remarks {
  return remarksOf(
    classes.flatMap(({ label, rows }) =>
      rows.flatMap(row =>
        row.entries.flatMap((entry, i) => {
          const reason = entry.kind === 'failed' ? undefined : reasonOf(entry, trans);
          return reason === undefined ? [] : [[reason, `${label} ${row.label} x${devices[i]}`] as const];
        })
      )
    )
  );
}

/** The trials that failed: whose, under which strategy, and why. */
export function profileFailures(
  state: SessionState,
  { classes }: IProfileMatrix,
  trans: ITranslation
): ITaskFailure[] {
  return state.cells.flatMap(({ signature, strategy, status, hash, error }) => {
    const label = classes.find(speed => speed.signature === signature)?.label;
    if (status !== 'failed' || !error || label === undefined) {
      return [];
    }
    const own = state.tasks.find(({ spec, status }) => spec.hash === hash && status === 'failed');
    const under = strategyLabel(strategy);
    return own
      ? [{ where: [trans.__('%1 under %2', own.spec.name, under)], error: briefly(error, 'results', trans) }]
      : [{ where: [trans.__('%1 under %2', label, under)], error }];
  });
}
