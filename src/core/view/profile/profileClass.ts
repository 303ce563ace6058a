import type { ProfileCell } from '../../wire/messages.js';

/** Where the measuring of tasks of equal speed under one strategy stands. */
export type ProfileEntry =
  /** How it runs is known, or estimated between measured device counts. */
  | { readonly kind: 'measured' | 'interpolated'; readonly cell: ProfileCell }
  /** It is not to be used, and the cell says why. */
  | { readonly kind: 'oom' | 'failed' | 'pruned'; readonly cell: ProfileCell }
  | { readonly kind: 'infeasible'; readonly reason: string | undefined }
  /** `open`: it could be measured. `none`: it is no strategy for these tasks. */
  | { readonly kind: 'running' | 'queued' | 'open' | 'none' };

/** A technique with its knobs: an entry for each device count. */
export interface IProfileRow {
  readonly label: string;
  /** So many tasks in one run; absent of one by itself. */
  readonly fused?: number;
  readonly entries: readonly ProfileEntry[];
}

/** Tasks that run at equal speed, and how fast they run on devices of one kind. */
export interface IProfileClass {
  readonly signature: string;
  /** What a person calls these tasks: what they share, and others do not. */
  readonly label: string;
  /** These tasks are trained in one run: the rows are of so many of them. */
  readonly together?: boolean;
  /** The devices that this is of; absent where there is only one kind of them. */
  readonly on?: string;
  /** Their model, as in {@link ProfileCell.model}; absent as well. */
  readonly model?: string;
  readonly tasks: readonly string[];
  readonly rows: readonly IProfileRow[];
  /** Seconds of the shortest step measured. */
  readonly best: number;
}
