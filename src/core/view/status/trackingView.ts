import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TrackerState } from '../../wire/messages.js';
import { type Block, type Blocks, failuresBlock, lead, sentence, tableBlock } from '../display/block.js';
import type { ITaskFailure } from '../format/failures.js';
import { count, listing, NOTHING } from '../format/format.js';
import type { ITable } from '../format/table.js';
import { TRACKER_NAMES } from '../format/trackers.js';

/** Which trackers are told, how far, what is wrong with them, and how to look at them. */
export function trackingView({ tracking = [] }: SessionState, _: number, trans: ITranslation): Blocks {
  if (tracking.length === 0) {
    return [
      lead(trans.__('No tracker is told.')),
      sentence(
        trans.__('Have one told of all tasks, also of those that are over: `%saturn track tensorboard`')
      )
    ];
  }
  return [
    lead(trackedSentence(tracking, trans)),
    tableBlock(trackerTable(tracking, trans)),
    ...tracking.flatMap(tracker => opening(tracker, trans)),
    failuresBlock(trackerFailures(tracking, trans))
  ];
}

/** `Told to TensorBoard and MLflow.` */
function trackedSentence(tracking: readonly TrackerState[], trans: ITranslation): string {
  return trans.__('All tasks are told to %1.', listing(tracking.map(nameOf), trans));
}

/** The same, where any is told. */
export function trackedNote({ tracking = [] }: SessionState, trans: ITranslation): Block | false {
  return tracking.length > 0 && sentence(trackedSentence(tracking, trans));
}

/** What keeps trackers from being told. */
export function trackerFailures(tracking: readonly TrackerState[], trans: ITranslation): ITaskFailure[] {
  return tracking.flatMap(tracker => {
    const { report } = tracker;
    return report?.state === 'failing' && report.error
      ? [{ where: [trans.__('Tracker %1', nameOf(tracker))], error: report.error }]
      : [];
  });
}

const nameOf = ({ wish }: TrackerState): string => TRACKER_NAMES[wish.tracker];

function trackerTable(tracking: readonly TrackerState[], trans: ITranslation): ITable {
  return {
    label: trans.__('Trackers'),
    columns: [
      { label: trans.__('Tracker') },
      { label: trans.__('State') },
      { label: trans.__('Tasks'), align: 'right' },
      { label: trans.__('Steps'), align: 'right' },
      { label: trans.__('Where') }
    ],
    rows: tracking.map(tracker => [
      nameOf(tracker),
      stateCell(tracker, trans),
      tracker.report ? count(tracker.report.runs) : NOTHING,
      tracker.report ? count(tracker.report.steps) : NOTHING,
      tracker.report?.place ?? tracker.wish.uri ?? NOTHING
    ])
  };
}

function stateCell({ report }: TrackerState, trans: ITranslation): string {
  switch (report?.state) {
    case undefined:
    case 'starting':
      return trans.__('starts');
    case 'telling':
      return trans.__('is told');
    case 'told':
      return trans.__('was told all');
    case 'failing':
      return trans.__('cannot be told');
  }
}

/** How to look at what a tracker was told. */
function opening({ wish, report }: TrackerState, trans: ITranslation): Block[] {
  const place = report?.place;
  if (place === undefined) {
    return [];
  }
  switch (wish.tracker) {
    case 'tensorboard':
      return [
        sentence(
          trans.__('Look at it in a cell: `%load_ext tensorboard`, then `%tensorboard --logdir "%1"`', place)
        )
      ];
    case 'mlflow':
      return place.startsWith('http')
        ? []
        : [sentence(trans.__('Look at it in a terminal: `mlflow ui --backend-store-uri "%1"`', place))];
    case 'wandb':
      return wish.online
        ? []
        : [
            sentence(
              trans.__(
                'Send it in a terminal, where you have an account: `wandb sync "%1"/wandb/offline-run-*`',
                place
              )
            )
          ];
    case 'trackio':
      return [sentence(trans.__('Look at it in a terminal: `TRACKIO_DIR="%1" trackio show`', place))];
  }
}
