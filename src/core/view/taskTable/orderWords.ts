import type { Obstacle, TaskOrder } from '../../model/taskOrders.js';
import type { ITranslation } from '../../model/translation.js';

/** Why an order makes no sense for a task, and what would instead. */
export function obstacleWords(order: TaskOrder, obstacle: Obstacle, trans: ITranslation): string {
  switch (obstacle) {
    case 'removing':
      return trans.__('It is being taken out.');
    case 'finished':
      return order === 'wish'
        ? trans.__('It is trained: no plan is made for it any more.')
        : trans.__('It is trained: nothing of it is left to train. To train it further, clone it.');
    case 'failed':
      return trans.__('It has failed: retry it.');
    case 'invalid':
      return trans.__('It could not be built: correct its cell and run that again.');
    case 'stopped':
      return trans.__('It is stopped already.');
    case 'stopping':
      return trans.__('It saves and stops already.');
    case 'wanted':
      return order === 'resume'
        ? trans.__('It was not stopped: it trains, or waits for its turn.')
        : trans.__('It trains already.');
    case 'not-failed':
      return trans.__('It did not fail. One that was stopped is resumed.');
  }
}
