import type {
  BridgeRequest,
  GroupStart,
  GroupStop,
  GroupUntil,
  Inspect,
  InspectStop,
  PlanRequest,
  SessionEvent,
  TrackerSecrets,
  TrackersSet,
  TrialStart,
  TrialStop
} from '../wire/messages.js';

/** What is to be done with devices and processes. */
export type ExecutorCommand =
  | { readonly kind: 'inspect'; readonly node: string; readonly body: Inspect }
  /** By the node named, or by whichever does it. */
  | { readonly kind: 'stop-inspection'; readonly node?: string; readonly body: InspectStop }
  | { readonly kind: 'trial'; readonly node: string; readonly body: TrialStart }
  | { readonly kind: 'stop-trial'; readonly node: string; readonly body: TrialStop }
  | { readonly kind: 'start'; readonly node: string; readonly body: GroupStart }
  | { readonly kind: 'stop'; readonly node: string; readonly body: GroupStop }
  | { readonly kind: 'start-bridge'; readonly node: string; readonly body: BridgeRequest }
  | { readonly kind: 'stop-bridge'; readonly node: string }
  | { readonly kind: 'set-trackers'; readonly node: string; readonly body: TrackersSet }
  /** Comes of no event: what is secret is in none. */
  | { readonly kind: 'give-secrets'; readonly node: string; readonly body: TrackerSecrets }
  | { readonly kind: 'reserve-nodes'; readonly node: string; readonly wanted: boolean }
  | { readonly kind: 'until'; readonly node: string; readonly body: GroupUntil };

/** What the engine is to do. The state machine only asks; the engine acts, after the journal is safe on disk. */
export type Command =
  | ExecutorCommand
  | { readonly kind: 'plan'; readonly planRevision: number; readonly request: PlanRequest }
  | { readonly kind: 'cancel-plan' }
  /** Think up so many points of a sweep, behind those that were made of it. */
  | { readonly kind: 'suggest'; readonly sweep: string; readonly made: number; readonly count: number }
  /** Make the members of a population that take the place of others, of what their parents have saved, and put them in. */
  | { readonly kind: 'renew'; readonly sweep: string }
  /** Take in what was concluded from reports that are not journaled, so that it is. */
  | { readonly kind: 'note'; readonly event: SessionEvent }
  /** Move the tasks' folders out of the way, so that a task of the same name starts afresh. */
  | { readonly kind: 'archive'; readonly tasks: readonly string[] };
