import { bytes } from '../../model/quantities.js';
import { strategyLabel } from '../../model/strategy.js';
import type { PlanOption, PlanTask } from '../../wire/messages.js';
import type { Blocker, Eligibilities } from './eligibility.js';

/** Options told about when several are equally close to running. */
const TOLD = 3;

/** Why no option of a task can be used, for the person who asked: what the options closest to running lack. */
export function unplannedReason(task: PlanTask, places: Eligibilities): string {
  if (task.options.length === 0) {
    return task.reason ?? 'No strategy has been measured for it.';
  }
  if (places.largestNode === 0) {
    return 'The cluster has no devices.';
  }
  const blocked = task.options.map(option => ({ option, blockers: places.blockers(option) }));
  const simple = blocked.every(({ option, blockers }) =>
    blockers.every(blocker => blocker === 'excluded' || (blocker === 'devices' && (option.span ?? 1) === 1))
  );
  if (simple) {
    return reasonOfCounts(task, places);
  }
  const fewest = blocked.reduce((least, { blockers }) => Math.min(least, blockers.length), Infinity);
  const closest = blocked.filter(({ blockers }) => blockers.length === fewest);
  const sentences = closest.slice(0, TOLD).map(({ option, blockers }) => sentence(option, blockers, places));
  const shut = closest.find(({ blockers }) => blockers.length === 1 && blockers[0] === 'excluded');
  if (shut !== undefined) {
    sentences.push(`Allow the technique ${shut.option.strategy.technique} and it can run.`);
  }
  return sentences.join(' ');
}

function sentence(option: PlanOption, blockers: Blocker[], places: Eligibilities): string {
  const { strategy, peakBytes = 0, among = [], span = 1 } = option;
  const nodes = option.nodes ?? among.map(share => share.node);
  const lacks: Record<Blocker, string> = {
    excluded: `uses the technique ${strategy.technique}, which you excluded`,
    devices:
      span === 1
        ? `needs ${strategy.devices} devices on one node; the largest node has ${places.largestNode}`
        : `needs ${strategy.devices / span} devices on each of ${span} nodes, which the cluster does not have`,
    memory: `needs ${bytes(peakBytes)} on each device; ${
      peakBytes > places.largestMemory
        ? `devices have ${bytes(places.largestMemory)}`
        : 'too few devices it may use have as much'
    }`,
    nodes: `is measured only for ${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.join(', ')}`
  };
  return `${strategyLabel(strategy)} ${blockers.map(blocker => lacks[blocker]).join(', and ')}.`;
}

/** The reason where only excluded techniques and device counts matter. */
function reasonOfCounts(task: PlanTask, places: Eligibilities): string {
  const shut = [
    ...new Set(
      task.options.filter(option => places.isExcluded(option)).map(option => option.strategy.technique)
    )
  ];
  const open = task.options.filter(option => !places.isExcluded(option));
  const techniques = `${shut.length === 1 ? 'the technique' : 'the techniques'} ${shut.join(', ')}`;
  if (open.length === 0) {
    return `It can only run with ${techniques}, which you excluded.`;
  }
  const { largestNode } = places;
  const need = open.reduce((least, option) => Math.min(least, option.strategy.devices), Infinity);
  const largest = `the largest node has ${largestNode} ${largestNode === 1 ? 'device' : 'devices'}`;
  return shut.length === 0
    ? `It needs at least ${need} devices on one node; ${largest}.`
    : `Without ${techniques}, which you excluded, it needs at least ${need} devices on one node; ${largest}.`;
}
