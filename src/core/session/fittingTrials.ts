import { isSameModel, strategyKinds } from '../model/deviceModels.js';
import type { TrialState } from '../wire/messages.js';
import { plannedCluster } from './plannedCluster.js';
import { type ISession, withState } from './session.js';

/** The session without those trials that wait for devices which there are no more. What is still missing is asked for anew. */
export function withFittingTrials(session: ISession): ISession {
  const { trials } = session.state;
  const planned = plannedCluster(session.state);
  const fits = ({ status, strategy, model }: TrialState): boolean =>
    status !== 'queued' || strategyKinds(planned, strategy).some(kind => isSameModel(kind.model, model));
  return trials.every(fits) ? session : withState(session, { trials: trials.filter(fits) });
}
