import { createHash, randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { deviceModels, feasibleKinds, type IDeviceKind } from '../core/model/deviceModels.js';
import { type CellPlace, keyOfCell } from '../core/model/strategy.js';
import { MOST_FUSED } from '../core/profiling/fusedSpeeds.js';
import { fusionBase } from '../core/session/fusedRuns.js';
import { isOwnSignature } from '../core/session/speeds.js';
import type { IMemory, IRemembered } from '../core/view/profile/cacheView.js';
import {
  type Cluster,
  type Failure,
  type Node,
  type ProfileCell,
  type SessionState,
  type Strategy,
  validate
} from '../core/wire/messages.js';
import { BUILT_IN_TECHNIQUES } from '../core/wire/techniqueCatalogue.js';
import { VERSION } from './version.js';

/** What a measurement depends on. */
interface IKey {
  readonly signature: string;
  readonly strategy: Strategy;
  /** So many tasks in one run; one when absent. */
  readonly fused?: number;
  /** Kind of the devices, and how many of it the node has: they share its memory and its links. */
  readonly device: string;
  readonly devices: number;
  readonly software: string;
  /** Of this package. */
  readonly version: string;
  /** A technique written in a cell: its source. */
  readonly source?: string;
}

/** A file of the cache. */
interface IEntry {
  readonly format: typeof FORMAT;
  readonly key: IKey;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly cell: ProfileCell;
}

const FORMAT = 'jupyterlab-saturn profile 1';

const NO_CLUSTER: Cluster = { nodes: [] };

/**
 * Where measurements outlive their sessions: in `$SATURN_CACHE`, else in `jupyterlab-saturn` among the user's caches
 * (XDG Base Directory specification).
 */
export function profileCacheFolder(env: NodeJS.ProcessEnv): string {
  const caches = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(env.SATURN_CACHE || join(caches, 'jupyterlab-saturn'), 'profiles');
}

/**
 * Measurements of all sessions of a user, a file each. Sessions share it without locks: a file appears whole, and is
 * named after all that its measurement depends on. What cannot be read counts as not there; what cannot be written
 * is {@link trouble}, and no reason to stop.
 */
export class ProfileCache {
  private _trouble: Failure | undefined;

  constructor(private readonly _folder: string) {}

  /** Why measurements are not kept, once that was found out. */
  get trouble(): Failure | undefined {
    return this._trouble;
  }

  /**
   * What is known of a session's tasks on its devices, and not measured in it.
   *
   * @returns cells marked as recalled, each strategy of a signature once for each model of devices.
   */
  recall(state: SessionState): ProfileCell[] {
    const settled = new Set(
      state.cells.filter(cell => cell.source === 'measured' && cell.status !== 'pruned').map(keyOfCell)
    );
    const found: ProfileCell[] = [];
    const tasks = this._isOurs() ? state.tasks : [];
    const look = (place: CellPlace, kind: IDeviceKind): void => {
      const { model: _, ...anywhere } = place;
      if (!settled.has(keyOfCell(place)) && !settled.has(keyOfCell(anywhere))) {
        settled.add(keyOfCell(place));
        const cell = this._find(state, anywhere, kind);
        if (cell) {
          found.push({ ...cell, recalled: true });
        }
      }
    };
    for (const task of tasks) {
      const { signature = '', feasibility = [] } = task.inspection ?? {};
      const base = fusionBase(task);
      for (const verdict of feasibility) {
        const { strategy } = verdict;
        for (const kind of feasibleKinds(state.cluster ?? NO_CLUSTER, verdict)) {
          const on = kind.model === undefined ? {} : { model: kind.model };
          look({ signature, strategy, ...on }, kind);
          for (let fused = 2; base !== undefined && fused <= MOST_FUSED; fused++) {
            look({ signature: base, strategy, fused, ...on }, kind);
          }
        }
      }
    }
    return found;
  }

  /**
   * Keep a measurement, in place of an older one. Those that say nothing of another session are not kept: what
   * failed, what was not measured, what ran beside other programs on the same device, and what ran on devices without
   * a name for their kind.
   *
   * @param node - where it was measured.
   * @param at - seconds since the epoch.
   */
  keep(state: SessionState, node: Node, cell: ProfileCell, at: number): void {
    const key = keyOf(state, node, cell);
    const isOfTrial = cell.source === 'measured' && (cell.status === 'ok' || cell.status === 'oom');
    const tells = isOfTrial && cell.foreignBytes === undefined;
    if (!tells || key === undefined) {
      return;
    }
    const entry: IEntry = { format: FORMAT, key, at, cell };
    const path = this._path(key);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      mkdirSync(this._folder, { recursive: true, mode: 0o700 });
      if (!this._isOurs()) {
        throw new Error('it belongs to somebody else, or others may write to it');
      }
      writeFileSync(temporary, JSON.stringify(entry), { mode: 0o600 });
      renameSync(temporary, path);
      this._trouble = undefined;
    } catch (error) {
      this._fail('kept for later sessions', error);
      discard(temporary);
    }
  }

  /** Everything that is remembered. */
  memory(): IMemory {
    const measurements = this._files().flatMap(name => {
      const entry = this._read(join(this._folder, name));
      return entry ? [{ ...rememberedOf(entry), at: entry.at }] : [];
    });
    return {
      folder: this._folder,
      measurements,
      ...(this._trouble === undefined ? {} : { trouble: this._trouble })
    };
  }

  /** Forget the measurements of some signatures, or all. */
  clear(signatures: ReadonlySet<string> | 'all'): void {
    for (const name of this._files()) {
      const path = join(this._folder, name);
      if (signatures === 'all' || signatures.has(this._read(path)?.key.signature ?? '')) {
        try {
          rmSync(path, { force: true });
        } catch (error) {
          this._fail('forgotten', error);
        }
      }
    }
  }

  private _find(
    state: SessionState,
    place: Omit<CellPlace, 'model'>,
    { model, nodes }: IDeviceKind
  ): ProfileCell | undefined {
    for (const { id } of model === undefined ? [] : nodes) {
      const node = state.cluster?.nodes.find(one => one.id === id);
      const key = node && keyOf(state, node, { ...place, ...(model !== undefined && { model }) });
      const entry = key && this._read(this._path(key));
      if (entry && textOf(entry.key) === textOf(key)) {
        return { ...entry.cell, ...(model !== undefined && { model }) };
      }
    }
    return undefined;
  }

  private _path(key: IKey): string {
    return join(this._folder, `${createHash('sha256').update(textOf(key)).digest('hex')}.json`);
  }

  /** Whether nobody else can have put measurements here. */
  private _isOurs(): boolean {
    try {
      const info = lstatSync(this._folder);
      return info.isDirectory() && info.uid === process.getuid?.() && (info.mode & 0o022) === 0;
    } catch {
      return false;
    }
  }

  /** Names of the files that are, or look like, measurements. */
  private _files(): string[] {
    return this._isOurs() ? readdirSync(this._folder).filter(name => /^[0-9a-f]{64}\.json$/.test(name)) : [];
  }

  private _read(path: string): IEntry | undefined {
    try {
      const entry = JSON.parse(readFileSync(path, 'utf8')) as IEntry;
      validate('ProfileCell', entry.cell);
      const fits = placeOf(entry.key) === placeOf(entry.cell);
      return entry.format === FORMAT && fits && Number.isFinite(entry.at) ? entry : undefined;
    } catch {
      return undefined;
    }
  }

  private _fail(what: string, error: unknown): void {
    this._trouble = {
      code: 'no-profile-cache',
      message: `Measurements cannot be ${what} in ${this._folder}: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Nothing else depends on it. Make the folder writable, or set SATURN_CACHE to one that is.'
    };
  }
}

/** Remove a file that may not be there, nor be removable. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The trouble that left it is told already.
  }
}

/** A key for any devices. */
const placeOf = ({ model: _, ...place }: CellPlace): string => keyOfCell(place);

function rememberedOf({ key }: IEntry): Omit<IRemembered, 'at'> {
  const { signature, device, devices, software } = key;
  return { signature, device, devices, software };
}

/** One text per distinct key. */
function textOf({ device, devices, software, version, source, ...place }: IKey): string {
  return JSON.stringify([placeOf(place), device, devices, software, version, source]);
}

/**
 * What a measurement on a node depends on; undefined where that is not known well enough: devices or software
 * without a name, devices of several kinds, a task that is like no other, or a technique imported from a module or package, which may change.
 */
function keyOf(
  state: SessionState,
  node: Node,
  { signature, strategy, fused, model }: CellPlace
): IKey | undefined {
  const own = state.techniques?.find(({ name }) => name === strategy.technique);
  const [only, ...others] = deviceModels({ nodes: [node] });
  const device = model ?? (others.length === 0 ? only : undefined);
  const devices = node.devices.filter(one => one.model === device).length;
  if (device === undefined || devices === 0 || node.software === undefined || isOwnSignature(signature)) {
    return undefined;
  }
  if (own === undefined ? !BUILT_IN_TECHNIQUES.has(strategy.technique) : own.source === undefined) {
    return undefined;
  }
  return {
    signature,
    strategy,
    ...(fused !== undefined && { fused }),
    device,
    devices,
    software: node.software,
    version: VERSION,
    ...(own?.source === undefined ? {} : { source: own.source })
  };
}
