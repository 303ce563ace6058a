import type { Command } from '../../../src/core/session/command.js';
import { AWAY_SECONDS, isConnected, overdueNodes } from '../../../src/core/session/nodes.js';
import type { AgentHello, GroupEvent, SessionEvent, SwitchPolicy } from '../../../src/core/wire/messages.js';
import type { SessionHarness } from './sessionHarness.js';
import { cpuNode } from './sessionHarness.js';
import { type IGroup, type IOutcome, type IWorld, Life } from './world.js';

/** An agent that hears nothing for this long ends what it does, in seconds. */
const LEASE_SECONDS = 8;

/** What befalls a node, at a time in seconds. */
export interface INodeFate {
  readonly at: number;
  readonly node: string;
  /**
   * `gone`: it ends, and that is told at once. `dies`: it ends without a word. `cut`: nobody hears it, nor does it hear. `joins`: it
   * comes. `engine dies`: another engine begins, and this node takes that long to find it.
   */
  readonly kind: 'gone' | 'dies' | 'cut' | 'joins' | 'engine dies';
  /** After which it is back, in seconds. */
  readonly seconds: number;
}

/** A world on several nodes: beside the session's own, these, by how many devices they have. */
export interface IFleetWorld extends IWorld {
  readonly far: Readonly<Record<string, number>>;
  readonly nodeFates: readonly INodeFate[];
}

/** A node that is not the session's own, as it truly is. */
interface INode {
  readonly id: string;
  readonly devices: number;
  link: 'up' | 'cut' | 'dead';
  /** Grows as often as it began anew. */
  life: number;
  /** What could not be told, and what could not be heard, oldest first. */
  unheard: SessionEvent[];
  orders: Command[];
  trials: Set<string>;
  inspecting: Set<string>;
}

/** Let a session live on several nodes to its end. */
export function liveOnNodes(
  world: IFleetWorld,
  switches: SwitchPolicy,
  look: (sim: SessionHarness, fleet: Fleet) => void
): Promise<IFleetOutcome> {
  const fleet: Fleet = new Fleet(world, switches, sim => look(sim, fleet));
  return fleet.run();
}

export interface IFleetOutcome extends IOutcome {
  /** Steps that checkpoints on disk hold, by task. */
  readonly saved: ReadonlyMap<string, number>;
  /** How often a node was taken for gone. */
  readonly losses: number;
}

/** A session whose nodes come, go, and are cut off. */
export class Fleet extends Life {
  private readonly _nodes = new Map<string, INode>();
  private readonly _saved = new Map<string, number>();
  private _losses = 0;
  /** Which engine it is. */
  private _engine = 0;

  constructor(
    private readonly _fleet: IFleetWorld,
    switches: SwitchPolicy,
    look: (sim: SessionHarness) => void
  ) {
    super(_fleet, switches, look);
  }

  override async run(): Promise<IFleetOutcome> {
    return { ...(await super.run()), saved: this._saved, losses: this._losses };
  }

  /** Rank groups that train, as it truly is: one that waits to take over does not. */
  get training(): readonly IGroup[] {
    return [...this._groups].filter(({ held }) => !held);
  }

  protected override _begin(): void {
    const { _sim: sim } = this;
    super._begin();
    for (const [id, devices] of Object.entries(this._fleet.far)) {
      this._join(id, devices);
    }
    for (const fate of this._fleet.nodeFates) {
      this._at(sim.time + fate.at, () => this._befall(fate));
    }
  }

  protected override _checkpointOf(task: string): number {
    return Math.max(super._checkpointOf(task), this._saved.get(task) ?? 0);
  }

  protected override _say(node: string, event: SessionEvent): void {
    const far = this._nodes.get(node);
    if (far && !this._does(far, event)) {
      return;
    }
    if (far?.link === 'cut') {
      far.unheard.push(event);
    } else {
      this._sim.feed(event, 0);
    }
  }

  protected override _group(group: IGroup, kind: GroupEvent['kind'], more: { step?: number }): void {
    const { name } = group.start.task;
    if ((kind === 'stopped' || kind === 'finished') && more.step !== undefined) {
      this._saved.set(name, more.step);
    }
    if (this._nodes.get(group.node)?.link !== 'cut') {
      super._group(group, kind, more);
      return;
    }
    const event: GroupEvent = {
      task: name,
      attempt: group.start.attempt,
      kind,
      time: this._sim.time,
      ...more
    };
    this._nodes.get(group.node)!.unheard.push({ kind: 'group', event });
  }

  protected override _carryOut(command: Command): void {
    const far = 'node' in command && command.node !== undefined ? this._nodes.get(command.node) : undefined;
    if (far?.link === 'dead') {
      return;
    }
    if (far?.link === 'cut') {
      far.orders.push(command);
      return;
    }
    if (far && command.kind === 'trial') {
      far.trials.add(command.body.trial);
    }
    if (far && command.kind === 'inspect') {
      for (const { name } of command.body.tasks) {
        far.inspecting.add(name);
      }
    }
    if (command.kind === 'stop' && command.body.graceSeconds === 0) {
      const group = this._find(command.body.task, command.body.attempt);
      if (group) {
        this._die(group);
        this._end(group, 'stopped');
      }
      return;
    }
    super._carryOut(command);
  }

  /** Whether a node still does that of which it tells. */
  private _does(far: INode, event: SessionEvent): boolean {
    return event.kind === 'trial-finished'
      ? far.trials.delete(event.trial)
      : event.kind !== 'inspected' || far.inspecting.delete(event.result!.task);
  }

  private _befall({ node, kind, seconds }: INodeFate): void {
    const far = this._nodes.get(node);
    if (kind === 'engine dies') {
      this._restart(seconds);
    } else if (kind === 'joins' || !far) {
      this._join(node, this._fleet.far[node] ?? 1);
    } else if (far.link === 'up') {
      if (kind === 'cut') {
        this._cut(far, seconds, false);
      } else {
        this._perish(far, seconds, kind === 'gone');
      }
    }
  }

  private _join(id: string, devices: number): void {
    const known = this._nodes.get(id);
    if (!known) {
      const far: INode = {
        id,
        devices,
        link: 'up',
        life: 0,
        unheard: [],
        orders: [],
        trials: new Set(),
        inspecting: new Set()
      };
      this._nodes.set(id, far);
      this._greet(far);
    }
  }

  /** A node ends with all that it does, and comes back as another. */
  private _perish(far: INode, seconds: number, isTold: boolean): void {
    far.life += 1;
    far.link = 'dead';
    this._forget(far);
    for (const group of this._groupsOf(far)) {
      this._die(group);
      this._groups.delete(group);
    }
    const { life } = far;
    const lose = (): void => {
      if (far.life === life && far.link === 'dead') {
        this._lose(far.id);
      }
    };
    if (isTold) {
      lose();
    } else {
      this._at(this._sim.time + AWAY_SECONDS, lose);
    }
    this._at(this._sim.time + seconds, () => {
      if (far.life === life) {
        far.link = 'up';
        this._greet(far);
      }
    });
  }

  /**
   * Nobody hears a node, nor does it hear: it ends what it does after a while.
   *
   * @param anew - whether it finds another engine when it is back.
   */
  private _cut(far: INode, seconds: number, anew: boolean): void {
    const { _sim: sim } = this;
    const { life } = far;
    const engine = this._engine;
    far.link = 'cut';
    this._at(sim.time + LEASE_SECONDS, () => {
      if (far.life === life && far.link === 'cut') {
        this._fence(far);
      }
    });
    this._at(sim.time + AWAY_SECONDS, () => {
      const isDue =
        (!anew && engine === this._engine) || overdueNodes(sim.session, sim.time).includes(far.id);
      if (far.life === life && far.link === 'cut' && isDue) {
        this._lose(far.id);
      }
    });
    this._at(sim.time + seconds, () => {
      if (far.life !== life || far.link !== 'cut') {
        return;
      }
      far.life += 1;
      far.link = 'up';
      const { unheard, orders } = far;
      this._forget(far, true);
      for (const order of engine === this._engine ? orders : []) {
        // What is late is carried out before anybody can say that it is not wanted any more.
        this._carryOut(order);
      }
      if (!isConnected(sim.session.state, far.id)) {
        this._greet(far, unheard);
      }
      for (const event of unheard) {
        sim.feed(event, 0);
      }
    });
  }

  /** What a node does is over, and saved as far as it can be. */
  private _fence(far: INode): void {
    far.trials.clear();
    far.inspecting.clear();
    for (const group of this._groupsOf(far)) {
      if (!this._groups.has(group)) {
        continue;
      }
      const step = Math.min(group.until, this._nextStep(group));
      if (group.held || !Number.isFinite(step)) {
        this._groups.delete(group);
        this._group(group, 'stopped', {});
      } else {
        this._count(this._trained, group.start.task.name, step - group.from);
        this._end(group, 'stopped', { step });
      }
    }
  }

  /** Another engine begins; what was asked of the planner is lost. */
  private _restart(late: number): void {
    const { _sim: sim } = this;
    this._engine += 1;
    sim.pending = [];
    sim.feed({ kind: 'agent-away' }, 0);
    const up = [...this._nodes.values()].filter(({ link }) => link === 'up');
    const dead = [...this._nodes.values()].filter(({ link }) => link !== 'up');
    up.forEach((far, index) => {
      far.life += 1;
      this._cut(far, late * (index + 1), true);
    });
    for (const { id } of dead) {
      this._at(sim.time + AWAY_SECONDS, () => {
        if (overdueNodes(sim.session, sim.time).includes(id)) {
          this._lose(id);
        }
      });
    }
    const own = [...this._groups].filter(({ node }) => !this._nodes.has(node));
    sim.connect(this._world.devices, own.map(reportOf));
  }

  private _lose(node: string): void {
    const { _sim: sim } = this;
    this._losses += Number(sim.session.state.cluster?.nodes.some(({ id }) => id === node) ?? false);
    sim.feed({ kind: 'node-away', node }, 0);
  }

  private _greet(far: INode, unheard: readonly SessionEvent[] = []): void {
    const ended = unheard.flatMap(event => (event.kind === 'group' ? [event.event] : []));
    const alive = this._groupsOf(far).map(reportOf);
    const isAlive = (attempt: number, task: string): boolean =>
      alive.some(group => group.attempt === attempt && group.task === task);
    const told = new Map(
      ended
        .filter(({ attempt, task }) => !isAlive(attempt, task))
        .map(({ attempt, task }) => [`${task} ${attempt}`, { task, attempt }])
    );
    this._sim.feed(
      {
        kind: 'agent-connected',
        hello: {
          node: cpuNode(far.devices, far.id),
          far: true,
          groups: [...alive, ...told.values()],
          trials: [
            ...far.trials,
            ...unheard.flatMap(event => (event.kind === 'trial-finished' ? [event.trial] : []))
          ],
          inspecting: [
            ...far.inspecting,
            ...unheard.flatMap(event => (event.kind === 'inspected' ? [event.result!.task] : []))
          ]
        }
      },
      0
    );
  }

  private _forget(far: INode, keepsWork = false): void {
    far.unheard = [];
    far.orders = [];
    if (!keepsWork) {
      far.trials.clear();
      far.inspecting.clear();
    }
  }

  /** Rank groups on a node. */
  private _groupsOf({ id }: INode): IGroup[] {
    return [...this._groups].filter(({ node }) => node === id);
  }
}

function reportOf({ start }: IGroup): AgentHello['groups'][number] {
  const { task, attempt, strategy, devices } = start;
  return { task: task.name, attempt, order: { hash: task.hash, strategy, devices } };
}
