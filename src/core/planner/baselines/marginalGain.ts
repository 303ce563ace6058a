/** A number of devices a task may get, and the time it then takes. */
export interface IRung {
  devices: number;
  seconds: number;
}

/**
 * Optimus*-Greedy (Saturn paper, algorithm 1): every task starts on its lowest rung, and devices left over go, as few
 * as make a difference at a time, to the task whose run time each of them cuts most. It looks one rung ahead only.
 *
 * @param ladders - per task what it may get, fewest devices first.
 * @returns per task the rung it ends on.
 */
export function apportion(ladders: readonly (readonly IRung[])[], devices: number): number[] {
  const rungs = ladders.map(() => 0);
  let left = ladders.reduce((rest, ladder) => rest - ladder[0]!.devices, devices);
  for (;;) {
    let best = -1;
    let bestGain = 0;
    for (const [task, ladder] of ladders.entries()) {
      const [rung, next] = [ladder[rungs[task]!]!, ladder[rungs[task]! + 1]];
      if (next !== undefined && next.devices - rung.devices <= left) {
        const gain = (rung.seconds - next.seconds) / (next.devices - rung.devices);
        if (gain > bestGain) {
          best = task;
          bestGain = gain;
        }
      }
    }
    if (best < 0) {
      return rungs;
    }
    const ladder = ladders[best]!;
    left -= ladder[rungs[best]! + 1]!.devices - ladder[rungs[best]!]!.devices;
    rungs[best]!++;
  }
}
