import type { TrackerName } from '../../wire/messages.js';

/** What trackers call themselves. */
export const TRACKER_NAMES: Record<TrackerName, string> = {
  tensorboard: 'TensorBoard',
  mlflow: 'MLflow',
  wandb: 'Weights & Biases',
  trackio: 'Trackio'
};
