import { isSameModel } from '../../model/deviceModels.js';
import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { countedReasons, type ICountedReason, numberRange } from '../format/countedReasons.js';
import { briefly, type ITaskFailure } from '../format/failures.js';
import { GENERAL_REASONS } from '../format/generalReasons.js';
import { type Remarks, remarksOf } from '../format/remarks.js';
import type { IProfileRow } from './profileClass.js';
import { classLabel, type IProfileMatrix, reasonOf, rowLabel } from './profileMatrix.js';

/**
 * Why strategies are not used, and whose; {@link profileFailures} tells of those that failed. What is true of a technique
 * on several counts of devices is said once, and what is true of all tasks without their names.
 */
export function profileReasons({ classes, devices }: IProfileMatrix, trans: ITranslation): Remarks {
  const found = new Map<string, Map<string, string[]>>();
  for (const speed of classes) {
    const label = classLabel(speed, trans);
    for (const row of speed.rows) {
      for (const [reason, counts] of rowReasons(row, devices, trans)) {
        const under = `${rowLabel(row, trans)} x${numberRange(counts, trans)}`;
        const about = found.get(reason) ?? new Map<string, string[]>();
        about.set(under, [...(about.get(under) ?? []), label]);
        found.set(reason, about);
      }
    }
  }
  return remarksOf(
    [...found].flatMap(([reason, about]) =>
      [...about].flatMap(([under, labels]) =>
        labels.length === classes.length
          ? [[reason, under] as const]
          : labels.map(label => [reason, `${label} ${under}`] as const)
      )
    )
  );
}

/** Device counts by the reason why a row's technique is not used on them. */
function rowReasons(
  row: IProfileRow,
  devices: readonly number[],
  trans: ITranslation
): Map<string, number[]> {
  const given = row.entries.flatMap((entry, i) => {
    const reason = entry.kind === 'failed' ? undefined : reasonOf(entry, trans);
    return reason === undefined || GENERAL_REASONS.has(reason)
      ? []
      : [{ devices: devices[i] as number, reason }];
  });
  const counts = new Map<string, number[]>();
  countedReasons(given, trans).forEach((reason, i) => {
    counts.set(reason, [...(counts.get(reason) ?? []), (given[i] as ICountedReason).devices]);
  });
  return counts;
}

/** The trials that failed: whose, under which strategy, and why. */
export function profileFailures(
  state: SessionState,
  { classes }: IProfileMatrix,
  trans: ITranslation
): ITaskFailure[] {
  return state.cells.flatMap(({ signature, strategy, model, status, hash, error }) => {
    const found = classes.find(speed => speed.signature === signature && isSameModel(speed.model, model));
    const label = found && classLabel(found, trans);
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
