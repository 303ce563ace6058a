import { strategyKey, usableBy } from '../../model/strategy.js';
import type { Pin, PlanOption, PlanRequest, Strategy } from '../../wire/messages.js';
import type { IEligibility } from './pareto.js';

/** What keeps an option from running: which of the things that decide about it do not fit. */
export type Blocker = 'excluded' | 'devices' | 'memory' | 'nodes';

/** Whether a pin lets a task run by a strategy, wherever. */
export function admits(pin: Pin, strategy: Strategy): boolean {
  return (
    (pin.strategy === undefined || strategyKey(pin.strategy) === strategyKey(strategy)) &&
    (pin.technique === undefined || pin.technique === strategy.technique) &&
    (pin.count === undefined || pin.count === strategy.devices)
  );
}

/** Where the options of a request may run: excluded techniques, device counts, memory, measured nodes, pins. */
export class Eligibilities {
  readonly largestNode: number;
  readonly largestMemory: number;
  private readonly _excluded: Set<string>;
  private readonly _leastMemory: number;
  /** Whether there are parts of divided GPUs, which work with no other. */
  private readonly _divided: boolean;

  constructor(private readonly _request: PlanRequest) {
    const { nodes } = _request.cluster;
    this._excluded = new Set(_request.excludeTechniques ?? []);
    this.largestNode = nodes.reduce((largest, node) => Math.max(largest, node.devices.length), 0);
    const memories = nodes.flatMap(node => node.devices.map(device => device.memoryBytes));
    this._leastMemory = memories.reduce((least, bytes) => Math.min(least, bytes), Infinity);
    this._divided = nodes.some(node => node.devices.some(({ partition }) => partition));
    this.largestMemory = memories.reduce((most, bytes) => Math.max(most, bytes), 0);
  }

  isExcluded(option: PlanOption): boolean {
    return this._excluded.has(option.strategy.technique);
  }

  /** Where an option may run under some pins; undefined when nowhere. */
  of(option: PlanOption, pins: readonly Pin[] = []): IEligibility | undefined {
    if (this.isExcluded(option)) {
      return undefined;
    }
    const { strategy, peakBytes = 0, span = 1 } = option;
    const whole = !this._divided || strategy.devices === 1;
    const isAnywhere = option.nodes === undefined && option.among === undefined;
    const plain = isAnywhere && peakBytes <= this._leastMemory && span === 1 && whole;
    if (plain && pins.length === 0) {
      return strategy.devices <= this.largestNode ? {} : undefined;
    }
    if (!pins.every(pin => admits(pin, strategy))) {
      return undefined;
    }
    return this._places(option, pins);
  }

  /** What keeps an option, unpinned, from running. */
  blockers(option: PlanOption): Blocker[] {
    const { nodes, among, peakBytes, ...rest } = option;
    const measured = { ...(nodes !== undefined && { nodes }), ...(among !== undefined && { among }) };
    const open = { ...rest, strategy: { ...rest.strategy, technique: '' } };
    const blockers: Blocker[] = this.isExcluded(option) ? ['excluded'] : [];
    if (this._places(open, []) === undefined) {
      return [...blockers, 'devices'];
    }
    if (this._places({ ...open, ...measured }, []) === undefined) {
      blockers.push('nodes');
    }
    if (this._places({ ...open, ...(peakBytes !== undefined && { peakBytes }) }, []) === undefined) {
      blockers.push('memory');
    } else if (!blockers.includes('nodes') && this._places({ ...option }, []) === undefined) {
      blockers.push('memory');
    }
    return blockers;
  }

  private _places(option: PlanOption, pins: readonly Pin[]): IEligibility | undefined {
    const { strategy, peakBytes = 0, span = 1 } = option;
    const share = strategy.devices / span;
    const nodes: number[] = [];
    const among: (number[] | undefined)[] = [];
    let large = 0;
    for (const [index, { id, devices }] of this._request.cluster.nodes.entries()) {
      if (devices.length < share) {
        continue;
      }
      large++;
      const allowed =
        (option.nodes?.includes(id) ?? true) && pins.every(pin => pin.node === undefined || pin.node === id);
      if (!allowed) {
        continue;
      }
      const usable = new Set(usableBy(strategy, devices));
      const own = option.among?.find(share => share.node === id)?.devices;
      const able = devices.flatMap((device, i) =>
        usable.has(device) &&
        (own?.includes(device.id) ?? true) &&
        device.memoryBytes >= peakBytes &&
        pins.every(pin => pin.devices?.includes(device.id) ?? true)
          ? [i]
          : []
      );
      if (able.length >= share) {
        nodes.push(index);
        if (able.length < devices.length) {
          among[index] = able;
        }
      }
    }
    if (nodes.length < span || span < 1) {
      return undefined;
    }
    return {
      ...(nodes.length < large && { nodes }),
      ...(among.length > 0 && { among }),
      ...(span > 1 && { span })
    };
  }
}
