import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** Which tasks are selected, and which one of them is looked at; one for all parts of a dashboard. */
export class TaskSelection implements IDisposable {
  /** Emitted after anything was replaced. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when somebody asks to see something of the selected tasks: the name of a tab of the details. */
  get asked(): ISignal<this, string> {
    return this._asked;
  }

  /** Names of the selected tasks, in the order in which they were selected. */
  get tasks(): readonly string[] {
    return this._tasks;
  }

  /** Name of the task that is looked at: the one selected last; null when none is. */
  get current(): string | null {
    return this._tasks.at(-1) ?? null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  has(task: string): boolean {
    return this._tasks.includes(task);
  }

  /** Select these and no others; the last is looked at. */
  select(tasks: readonly string[]): void {
    const next = [...new Set(tasks)];
    if (next.length !== this._tasks.length || next.some((task, i) => task !== this._tasks[i])) {
      this._tasks = next;
      this._changed.emit();
    }
  }

  /** Select one more, or no longer. */
  toggle(task: string): void {
    this.select(this.has(task) ? this._tasks.filter(other => other !== task) : [...this._tasks, task]);
  }

  /** Ask to see something of the selected tasks, such as their `curves` or their `log`. */
  ask(what: string): void {
    this._wanted = what;
    this._asked.emit(what);
  }

  /** What was asked for and is not shown yet, which whoever takes it shows; null when there is nothing. */
  take(): string | null {
    const wanted = this._wanted;
    this._wanted = null;
    return wanted;
  }

  /** Forget those that are no longer there. */
  keep(existing: ReadonlySet<string>): void {
    this.select(this._tasks.filter(task => existing.has(task)));
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _asked = new Signal<this, string>(this);
  private _tasks: readonly string[] = [];
  private _wanted: string | null = null;
  private _isDisposed = false;
}
