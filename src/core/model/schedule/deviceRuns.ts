import type { DeviceShare, Segment } from '../../wire/messages.js';
import { placeKey } from './taskHistory.js';

/** Devices held from a start to an end: by one segment, or by those of several tasks that run fused. */
export interface IRun {
  /** Never empty. */
  segments: Segment[];
  start: number;
  end: number;
  shares: DeviceShare[];
}

/** All devices of a segment, by node. */
export function sharesOf({
  node,
  devices,
  elsewhere = []
}: Pick<Segment, 'node' | 'devices' | 'elsewhere'>): DeviceShare[] {
  return [{ node, devices }, ...elsewhere];
}

/** As {@link sharesOf}, one by one. */
export function devicesOf(
  place: Pick<Segment, 'node' | 'devices' | 'elsewhere'>
): { node: string; device: string }[] {
  return sharesOf(place).flatMap(({ node, devices }) => devices.map(device => ({ node, device })));
}

/** The runs that segments stand for; fused segments that differ in place or time are told to `say`. */
export function runsOf(segments: Segment[], off: number, say: (problem: string) => void): IRun[] {
  const fused = new Map<string, IRun>();
  const runs: IRun[] = [];
  for (const segment of segments) {
    const known = segment.fusion === undefined ? undefined : fused.get(segment.fusion);
    if (known === undefined) {
      const run = {
        segments: [segment],
        start: segment.start,
        end: segment.end,
        shares: sharesOf(segment)
      };
      runs.push(run);
      if (segment.fusion !== undefined) {
        fused.set(segment.fusion, run);
      }
      continue;
    }
    known.segments.push(segment);
    const first = known.segments[0]!;
    if (placeKey(first) !== placeKey(segment)) {
      say(`Fusion "${segment.fusion}": tasks "${first.task}" and "${segment.task}" are in different places.`);
    }
    if (!(Math.abs(segment.start - known.start) <= off && Math.abs(segment.end - known.end) <= off)) {
      say(`Fusion "${segment.fusion}": tasks "${first.task}" and "${segment.task}" run at different times.`);
    }
  }
  return runs;
}
