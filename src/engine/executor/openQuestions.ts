import { SaturnError } from '../../core/wire/failure.js';
import type { Advice, Advise } from '../../core/wire/messages.js';

/** Points of a sweep, as they are thought up. */
export type AdvisedPoints = NonNullable<Advice['points']>;

/** What was asked and is not answered yet: it is asked again of an agent that may not have heard it. */
export class OpenQuestions {
  private readonly _open = new Map<string, IOpenQuestion>();

  /** @param _put - puts a question to whoever is there; nobody may be. */
  constructor(private readonly _put: (question: Advise) => void) {}

  /** @throws SaturnError saying why there is no answer. */
  ask(question: Advise): Promise<AdvisedPoints> {
    return new Promise((resolve, reject) => {
      this._open.set(question.id, { question, resolve, reject });
      this._put(question);
    });
  }

  /** Ask all that is open once more. */
  askAgain(): void {
    for (const { question } of this._open.values()) {
      this._put(question);
    }
  }

  /** Take in an answer. One that is told twice, or was asked for by another engine, is nobody's. */
  answer({ id, points, error }: Advice): void {
    const open = this._open.get(id);
    this._open.delete(id);
    if (error) {
      open?.reject(new SaturnError(error));
    } else {
      open?.resolve(points ?? []);
    }
  }
}

interface IOpenQuestion {
  readonly question: Advise;
  readonly resolve: (points: AdvisedPoints) => void;
  readonly reject: (error: SaturnError) => void;
}
