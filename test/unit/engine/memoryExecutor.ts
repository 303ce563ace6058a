import type { ExecutorCommand } from '../../../src/core/session/command.js';
import type {
  Advice,
  Advise,
  DeviceRequest,
  GroupEvent,
  Node,
  TaskSpec
} from '../../../src/core/wire/messages.js';
import type { IExecutor } from '../../../src/engine/executor/executor.js';
import { cpuNode, inspection } from '../session/sessionHarness.js';

/** An executor without processes: whatever it is told has happened by the next turn of the event loop. */
export class MemoryExecutor implements IExecutor {
  /** Kinds of the commands, in order. */
  readonly commands: string[] = [];
  isShutDown = false;
  isDisposed = false;

  constructor(private readonly _context: IExecutor.IContext) {}

  /** A node is there from now on. */
  connect(node: Node): void {
    this._report({ kind: 'agent-connected', hello: { node, groups: [], trials: [], inspecting: [] } });
  }

  execute(command: ExecutorCommand): void {
    this.commands.push(command.kind);
    switch (command.kind) {
      case 'inspect':
        for (const task of command.body.tasks) {
          this._report({ kind: 'inspected', result: resultOf(task) });
        }
        break;
      case 'trial': {
        const { trial, signature, strategy } = command.body;
        const cell = { signature, strategy, status: 'ok', source: 'measured', stepSeconds: 1 } as const;
        this._report({ kind: 'trial-finished', trial, cell });
        break;
      }
      case 'start': {
        const { task, attempt, steps } = command.body;
        const event = { task: task.name, attempt, time: this._context.now() };
        this._group({ ...event, kind: 'started', step: 0 });
        this._group({ ...event, kind: 'finished', step: steps, result: { loss: 0.5, metrics: {} } });
      }
    }
  }

  async chooseDevices({ count = 1 }: DeviceRequest, node?: string): Promise<void> {
    this._context.take({ kind: 'node-changed', node: cpuNode(count, node) });
  }

  async advise({ known, count, space }: Advise): Promise<NonNullable<Advice['points']>> {
    this.commands.push('advise');
    return Array.from({ length: count }, (_, place) =>
      Object.fromEntries(Object.keys(space).map(name => [name, known.length + place]))
    );
  }

  shutdown(): void {
    this.isShutDown = true;
  }

  dispose(): void {
    this.isDisposed = true;
  }

  private _group(event: GroupEvent): void {
    this._report({ kind: 'group', event });
  }

  private _report(report: IExecutor.Report): void {
    setImmediate(() => this._context.take(report));
  }
}

function resultOf(task: TaskSpec) {
  return { task: task.name, hash: task.hash, inspection: inspection(`sig-${task.name}`) };
}
