/**
 * Dual feasible functions: non-decreasing f on [0, 1] such that shares that add up to at most 1 still do after f.
 * Weighing every task of a plan of makespan C by f(devices / size of the node) x h(seconds / C) therefore weighs what
 * runs on one node by at most 1: at any time the f of what runs add up to at most 1, so that the tasks can be taken
 * apart into chains, one task after the other, with weights f that add up to at most 1 (intervals form perfect
 * graphs), and the h along each chain add up to at most 1. With the identity for both this is the area.
 *
 * The families are those of Fekete and Schepers, "New classes of fast lower bounds for bin packing problems",
 * Mathematical Programming 91 (2001).
 */
export type DualFeasible = (share: number) => number;

/** Parameters of the families applied to time. */
const ROUNDS = [1, 2, 3, 4, 5, 6, 7];
const CUTS = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5];
const COUNTS = [0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4, 0.45];

/**
 * Shares of time are lowered by this share of themselves before a function is applied, so that rounding can never
 * lift one over a step.
 */
const ROUNDING = 1e-12;

/** Functions of seconds / C; the first is the identity. */
export const TIME_FUNCTIONS: DualFeasible[] = [
  (share: number) => share,
  ...ROUNDS.map(k => (share: number) => roundedUp(share, k)),
  ...CUTS.map(cut => (share: number) => (share > 1 - cut ? 1 : share < cut ? 0 : share)),
  ...COUNTS.map(cut => (share: number) => counted(share, cut))
].map(f => (share: number) => f(share * (1 - ROUNDING)));

/**
 * Functions of devices / size for a node of `size` devices, the first the identity: of each the values at 0, 1, ...
 * `size` devices, exact but for the last division.
 */
export function deviceFunctions(size: number): (readonly number[])[] {
  const counts = Array.from({ length: size + 1 }, (_, devices) => devices);
  const found = new Map<string, readonly number[]>();
  const add = (f: (devices: number) => number) => {
    const values = counts.map(f);
    found.set(values.join(), values);
  };
  add(devices => devices / size);
  for (let k = 1; k < size; k++) {
    add(devices =>
      ((k + 1) * devices) % size === 0 ? devices / size : Math.floor(((k + 1) * devices) / size) / k
    );
  }
  for (let cut = 1; 2 * cut <= size; cut++) {
    add(devices => (devices > size - cut ? 1 : devices < cut ? 0 : devices / size));
    add(devices => {
      const most = Math.floor(size / cut);
      if (2 * devices > size) {
        return 1 - Math.floor((size - devices) / cut) / most;
      }
      return devices < cut ? 0 : 1 / most;
    });
  }
  return [...found.values()];
}

/** u(k): rounds (k + 1) x share down to a multiple, except where it is one. */
function roundedUp(share: number, k: number): number {
  const scaled = (k + 1) * share;
  return Number.isInteger(scaled) ? share : Math.floor(scaled) / k;
}

/** phi(cut): how many pieces of size `cut` a share above a half leaves no room for, and one for each share below. */
function counted(share: number, cut: number): number {
  const most = Math.floor(1 / cut);
  if (share > 0.5) {
    return 1 - Math.floor((1 - share) / cut) / most;
  }
  return share < cut ? 0 : 1 / most;
}
