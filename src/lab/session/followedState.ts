import type { SessionState, StateChange } from '../../core/wire/messages.js';
import { sharedParts } from '../../core/wire/sharedParts.js';
import { withChange } from '../../core/wire/stateChange.js';

/**
 * The state of a session as the kernel tells it: as a whole first, then by what has changed. Where a change is missing, the
 * whole is asked for, and only once until it has come: every front end of the kernel may hear the answer.
 */
export class FollowedState {
  /** @param _ask - asks for the whole state. */
  constructor(private readonly _ask: () => void) {}

  /** As far as it was told; null before the first time. */
  get value(): SessionState | null {
    return this._value;
  }

  /** Take in the whole, which may be told without having been asked for. What is known of it stays what it is. */
  take(state: SessionState): void {
    this._isAsking = false;
    this._value = this._value ? sharedParts(this._value, state) : state;
  }

  /** Take in what has changed. Returns whether there is something new in it. */
  follow(change: StateChange): boolean {
    const known = this._value;
    if (known && change.base < known.rev && change.rev <= known.rev) {
      return false;
    }
    try {
      if (known) {
        this._value = withChange(known, change);
        return true;
      }
    } catch {
      // It is the change of another state.
    }
    if (!this._isAsking) {
      this._isAsking = true;
      this._ask();
    }
    return false;
  }

  /** What was asked for does not come: the next change that does not follow on what is known has it asked for again. */
  giveUp(): void {
    this._isAsking = false;
  }

  private _value: SessionState | null = null;
  private _isAsking = false;
}
