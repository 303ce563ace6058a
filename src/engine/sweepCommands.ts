import type { Command } from '../core/session/command.js';
import { openRenewals } from '../core/session/population.js';
import type { ISession } from '../core/session/session.js';
import {
  isAwaitedSuggestion,
  openSuggestions,
  type SuggestCommand,
  withoutQuestion
} from '../core/session/sweeps.js';
import { failureOf, type SessionEvent, type SessionState } from '../core/wire/messages.js';
import type { PointSource } from './pointSource.js';
import { renewedPopulation } from './populationRenewal.js';

type SweepCommand = SuggestCommand | Extract<Command, { kind: 'renew' }>;

/** Carries out what a session commands for its sweeps: points are thought up, and members of populations made. */
export class SweepCommands {
  constructor(private readonly _options: SweepCommands.IOptions) {}

  execute(command: SweepCommand): void {
    if (command.kind === 'renew') {
      this._renew(command.sweep);
    } else {
      void this._suggest(command);
    }
  }

  /** Carry out what was commanded, and not answered, by an engine that has ended since. */
  resume(): void {
    this.retry();
    for (const command of openSuggestions(this._options.session())) {
      void this._suggest(command);
    }
  }

  /** Try again to make members that could not be taken in. */
  retry(): void {
    for (const { sweep } of openRenewals(this._options.session())) {
      this._renew(sweep);
    }
  }

  private _renew(sweep: string): void {
    const { session, apply, log } = this._options;
    const event = renewedPopulation(session(), sweep);
    try {
      apply(event);
    } catch (error) {
      log(`${event.kind} waits: ${failureOf(error).message}`);
    }
  }

  private async _suggest(command: SuggestCommand): Promise<void> {
    const { session, points, apply, show, log } = this._options;
    const asked = session();
    const found = await points.choose(asked, command);
    if (!isAwaitedSuggestion(asked, session(), command)) {
      return;
    }
    try {
      apply(points.event(session(), command, found));
    } catch (error) {
      log(`the points are lost: ${failureOf(error).message}`);
      show(withoutQuestion(session().state, command.sweep));
    }
  }
}

/** Namespace of {@link SweepCommands}. */
export namespace SweepCommands {
  export interface IOptions {
    readonly session: () => ISession;
    readonly points: PointSource;
    /** Journal an event and take it in; throws when it cannot be journaled. */
    readonly apply: (event: SessionEvent) => void;
    /** Show clients what is no event. */
    readonly show: (shown: Partial<SessionState>) => void;
    readonly log: (text: string) => void;
  }
}
