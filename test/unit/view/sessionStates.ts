import type {
  Attempt,
  Baseline,
  Inspection,
  Plan,
  ProfileCell,
  Segment,
  SessionState,
  Strategy,
  TaskState
} from '../../../src/core/wire/messages.js';

/** When the sessions below began to train: seconds since the epoch. */
export const T0 = 1_790_000_000;

const SINGLE: Strategy = { technique: 'single', devices: 1 };
const DDP: Strategy = { technique: 'ddp', devices: 2 };
const FSDP: Strategy = { technique: 'fsdp', devices: 2 };
const MODELS = ['mlp', 'cnn', 'vit'];
const BATCHES = [32, 64];
const RATES = ['1e-3', '3e-3'];
const STEP: Record<string, number> = { mlp: 0.004, cnn: 0.021, vit: 0.048 };
const PARAMETERS: Record<string, number> = { mlp: 25_450, cnn: 1_199_882, vit: 5_717_416 };

function inspection(model: string, batch: number): Inspection {
  const twoDevices = (strategy: Strategy) =>
    model === 'mlp' && strategy.technique === 'fsdp'
      ? {
          strategy,
          feasible: false,
          reason: 'its 25,450 parameters fit on one device; sharding only costs time'
        }
      : { strategy, feasible: true };
  return {
    signature: `${model}-${batch}`,
    steps: 2 * Math.ceil(1440 / batch),
    stepsPerEpoch: Math.ceil(1440 / batch),
    samples: 1440,
    batchSize: batch,
    parameters: PARAMETERS[model] as number,
    feasibility: [{ strategy: SINGLE, feasible: true }, twoDevices(DDP), twoDevices(FSDP)],
    warnings:
      model === 'cnn'
        ? ['Batch norm sees a part of the batch under ddp; results differ slightly from one device.']
        : []
  };
}

function task(model: string, batch: number, rate: string): TaskState {
  return {
    spec: {
      name: `digits-${model}-${batch}-${rate}`,
      sweep: 'digits',
      params: { model, batch_size: batch, lr: Number(rate) },
      epochs: 2,
      seed: 0,
      payload: '0123456789abcdef.pkl',
      hash: '0123456789abcdef'
    },
    status: 'ready',
    inspection: inspection(model, batch),
    attempts: [],
    progress: { step: 0 }
  };
}

/** A session without anything. */
export function emptySession(): SessionState {
  return {
    session: 'digits',
    folder: '/home/ada/sweeps/.saturn/digits',
    rev: 1,
    goal: 'none',
    agent: 'connected',
    tasks: [],
    cells: [],
    trials: [],
    trialsDone: 0,
    planning: false,
    excludeTechniques: [],
    notices: []
  };
}

/** Twelve tasks on two virtual devices, none measured. */
export function definedSession(): SessionState {
  const memoryBytes = 1.5 * 2 ** 30;
  return {
    ...emptySession(),
    cluster: {
      nodes: [
        {
          id: 'local',
          devices: [0, 1].map(i => ({
            id: `cpu${i}`,
            kind: 'cpu',
            name: 'virtual CPU device',
            memoryBytes,
            cores: [2 * i, 2 * i + 1]
          }))
        }
      ]
    },
    tasks: MODELS.flatMap(model => BATCHES.flatMap(batch => RATES.map(rate => task(model, batch, rate))))
  };
}

function cell(model: string, batch: number, strategy: Strategy): ProfileCell {
  const base = { signature: `${model}-${batch}`, strategy, source: 'measured' as const };
  const stepSeconds = ((STEP[model] as number) * batch) / 32 / (strategy.devices === 2 ? 1.6 : 1);
  if (model === 'vit' && batch === 64 && strategy.technique === 'single') {
    return {
      ...base,
      status: 'oom',
      error: { code: 'out-of-memory', message: 'The device ran out of memory at step 1 (limit 1.5 GiB).' }
    };
  }
  if (model === 'vit' && batch === 32 && strategy.technique === 'fsdp') {
    return {
      ...base,
      status: 'failed',
      error: {
        code: 'trial-failed',
        message: 'RuntimeError: shape mismatch <64 & 32> in the attention of layer 3',
        hint: 'The model raises under fsdp alone; try it with `single`, or exclude fsdp.',
        traceback:
          'Traceback (most recent call last):\n  File "trial.py", line 12, in run\n    runner.step(batch)\nRuntimeError: shape mismatch <64 & 32>'
      }
    };
  }
  return {
    ...base,
    status: 'ok',
    source: model === 'cnn' && strategy.technique === 'fsdp' ? 'interpolated' : 'measured',
    stepSeconds,
    spreadSeconds: stepSeconds * 0.04,
    startSeconds: 1.2,
    peakBytes: (PARAMETERS[model] as number) * 160 + batch * 2 ** 20
  };
}

/** Measured but for some trials that still run. */
export function profilingSession(): SessionState {
  const state = definedSession();
  const cells = MODELS.flatMap(model =>
    BATCHES.flatMap(batch =>
      [SINGLE, DDP, FSDP]
        .filter(strategy => !(model === 'mlp' && strategy === FSDP))
        .map(strategy => cell(model, batch, strategy))
    )
  );
  return {
    ...state,
    goal: 'profile',
    cells: cells.slice(0, 12),
    trialsDone: 12,
    trials: [
      {
        id: 't13',
        task: 'digits-vit-32-1e-3',
        signature: 'vit-32',
        strategy: FSDP,
        status: 'running',
        node: 'local',
        devices: ['cpu0', 'cpu1']
      },
      { id: 't14', task: 'digits-vit-64-1e-3', signature: 'vit-64', strategy: SINGLE, status: 'queued' },
      { id: 't15', task: 'digits-vit-64-1e-3', signature: 'vit-64', strategy: DDP, status: 'queued' },
      { id: 't16', task: 'digits-vit-64-1e-3', signature: 'vit-64', strategy: FSDP, status: 'queued' }
    ].map(trial => trial as SessionState['trials'][number])
  };
}

/** All measured. */
export function profiledSession(): SessionState {
  const state = profilingSession();
  const signatures = [...new Set(state.tasks.map(t => t.inspection?.signature as string))];
  const cells = signatures.flatMap(signature => {
    const [model, batch] = signature.split('-') as [string, string];
    return [SINGLE, DDP, FSDP]
      .filter(strategy => !(model === 'mlp' && strategy === FSDP))
      .map(strategy => cell(model, Number(batch), strategy));
  });
  return { ...state, goal: 'none', trials: [], trialsDone: 16, cells };
}

/** Longest first: the large ones on both devices, the others one by one on whichever is free. */
function schedule(state: SessionState): Segment[] {
  const free = { cpu0: 0, cpu1: 0 };
  const length = (t: TaskState, strategy: Strategy): number => {
    const found = state.cells.find(
      c => c.signature === t.inspection?.signature && c.strategy.technique === strategy.technique
    );
    return 1.2 + (t.inspection?.steps ?? 0) * (found?.stepSeconds ?? 0.05);
  };
  return [...state.tasks].reverse().map(t => {
    const strategy =
      t.inspection?.signature === 'vit-64' ? DDP : t.inspection?.signature === 'cnn-64' ? FSDP : SINGLE;
    const end = length(t, strategy);
    const devices: ('cpu0' | 'cpu1')[] =
      strategy.devices === 2 ? ['cpu0', 'cpu1'] : [free.cpu0 <= free.cpu1 ? 'cpu0' : 'cpu1'];
    const start = Math.max(...devices.map(device => free[device]));
    for (const device of devices) {
      free[device] = start + end;
    }
    const steps = t.inspection?.steps as number;
    return { task: t.spec.name, strategy, node: 'local', devices, start, end: start + end, steps };
  });
}

/** Measured and planned. */
export function plannedSession(): SessionState {
  const state = profiledSession();
  const segments = schedule(state);
  const makespan = Math.max(...segments.map(segment => segment.end));
  const lowerBound = makespan / 1.031;
  return {
    ...state,
    plan: {
      madeAt: T0 - 30,
      fresh: true,
      plan: {
        segments,
        unplanned: [],
        makespan,
        lowerBound,
        gap: 0.031,
        binding: 'area',
        optimal: false,
        method: 'local-search',
        baselines: [
          { name: 'max', makespan: makespan * 1.42 },
          { name: 'min', makespan: makespan * 1.18 },
          { name: 'random', makespan: makespan * 1.66 },
          { name: 'current-practice', makespan: makespan * 1.31 },
          { name: 'optimus-dynamic', makespan: makespan * 1.12 }
        ]
      }
    }
  };
}

/** Planned, with everything a plan can say of itself. */
export function explainedSession(): SessionState {
  const state = plannedSession();
  const plan = state.plan?.plan as Plan;
  const { makespan } = plan;
  const by = (name: Baseline['name'], stretch: number): Segment[] =>
    plan.segments.map(segment => ({
      ...segment,
      start: segment.start * stretch,
      end: segment.end * stretch,
      strategy: name === 'max' ? DDP : segment.strategy
    }));
  plan.baselines = plan.baselines.map(baseline => ({
    ...baseline,
    segments: by(baseline.name, baseline.makespan / makespan)
  }));
  plan.explanation = {
    binding: 'Both devices are busy for 97 % of the plan: only more devices or faster strategies shorten it.',
    tasks: plan.segments.map(({ task, strategy }, i) => ({
      task,
      strategy,
      alternatives: [DDP, FSDP, SINGLE]
        .filter(other => other.technique !== strategy.technique)
        .map((other, j) => ({ strategy: other, makespan: makespan + j * i, price: j * i })),
      ...(i % 3 !== 2 && { tolerance: 0.04 * (i + 1) })
    }))
  };
  plan.switching = { makespan: makespan * 0.97, lowerBound: makespan * 0.969, switches: 2 };
  plan.log = [
    { seconds: 0.004, makespan: makespan * 1.12, lowerBound: makespan * 0.9, method: 'construction' },
    { seconds: 0.03, makespan: makespan * 1.05, lowerBound: makespan * 0.9, method: 'local-search' },
    { seconds: 0.2, makespan: makespan * 1.05, lowerBound: makespan * 0.97, method: 'bound' },
    { seconds: 0.9, makespan, lowerBound: makespan * 0.97, method: 'local-search' },
    { seconds: 4, makespan, lowerBound: makespan / 1.031, method: 'bound' }
  ];
  return state;
}

/** A plan of switches, of a task over two nodes and of tasks fused in one run, and a constraint it does not meet. */
export function intricateSession(): SessionState {
  const state = plannedSession();
  const [local] = state.cluster?.nodes ?? [];
  state.cluster?.nodes.push({ id: 'far', devices: local?.devices ?? [] });
  const names = state.tasks.map(one => one.spec.name);
  const segment = (
    [task, start, end]: [string | undefined, number, number],
    part: Partial<Segment>
  ): Segment => ({
    ...{ task: task as string, start, end, strategy: SINGLE, node: 'local', devices: ['cpu0'] },
    ...{ steps: 100, overheadSeconds: 1.2 },
    ...part
  });
  const both = ['cpu0', 'cpu1'];
  const fused = { fusion: 'adapters', node: 'far', devices: both, strategy: DDP };
  const segments = [
    segment([names[8], 0, 8], { steps: 30 }),
    segment([names[8], 8, 16], { strategy: DDP, devices: both, overheadSeconds: 1.7 }),
    segment([names[4], 0, 8], { devices: ['cpu1'] }),
    ...[0, 1, 2].map(i => segment([names[i], 0, 16], fused)),
    segment([names[10], 16, 27], {
      strategy: { technique: 'fsdp', devices: 3 },
      devices: both,
      elsewhere: [{ node: 'far', devices: ['cpu0'] }]
    }),
    segment([names[5], 16, 22], { node: 'far', devices: ['cpu1'] })
  ];
  const plan = state.plan?.plan as Plan;
  Object.assign(plan, { segments, makespan: 27, lowerBound: 25.5, gap: 27 / 25.5 - 1, method: 'switching' });
  plan.weightedCompletion = { seconds: 143, lowerBound: 139, gap: 143 / 139 - 1 };
  plan.conflicts = [
    {
      constraint: 'deadline',
      task: names[10],
      message: 'It ends after 27 s, 7 s late.',
      relax: 'Its deadline, to 26 s, or the pin of digits-vit-32-1e-3.',
      proven: true
    },
    { constraint: 'concurrent', message: 'Three runs at once, one too many.' }
  ];
  return state;
}

/** Everything that ended before `T0 + seconds` as if it had, a little late; what runs, runs. */
export function runningSession(seconds = 12): SessionState {
  const state = plannedSession();
  const now = T0 + seconds;
  const drift = 1.06;
  const segments = new Map(state.plan?.plan.segments.map(segment => [segment.task, segment]));
  const tasks = state.tasks.map((t): TaskState => {
    const segment = segments.get(t.spec.name) as Segment;
    const requestedAt = T0 + segment.start * drift;
    const endedAt = T0 + segment.end * drift - 0.05;
    if (requestedAt >= now) {
      return t;
    }
    const { strategy, node, devices } = segment;
    const begun: Attempt = { number: 1, strategy, node, devices, requestedAt, startedAt: requestedAt + 1.2 };
    if (endedAt <= now) {
      return {
        ...t,
        status: 'finished',
        attempts: [{ ...begun, endedAt, outcome: 'finished' }],
        progress: { step: segment.steps, loss: 0.31, at: endedAt },
        result: {
          loss: 0.31 / (t.spec.name.length % 5 || 1),
          metrics: { accuracy: 0.9 + (Number(t.inspection?.parameters) % 97) / 1000 },
          model: `models/${t.spec.name}.pt`
        }
      };
    }
    const share = (now - requestedAt - 1.2) / (endedAt - requestedAt - 1.2);
    const step = Math.max(0, Math.floor(share * segment.steps));
    return {
      ...t,
      status: 'running',
      attempts: [begun],
      progress: { step, loss: 0.8, at: now, stepSeconds: (endedAt - requestedAt - 1.2) / segment.steps },
      checkpointStep: 0
    };
  });
  const plan = state.plan && { ...state.plan, startedAt: T0 };
  return { ...state, goal: 'run', tasks, plan, run: { startedAt: T0 } };
}

/** As it trains, on a node of its own and those of a Ray cluster: one is there, one was lost, one joins, one is left out. */
export function clusteredSession(): SessionState {
  const state = runningSession();
  const gpu = (id: number) => ({
    id: `cuda${id}`,
    kind: 'cuda' as const,
    name: 'NVIDIA A100',
    memoryBytes: 80 * 2 ** 30
  });
  const versions = { package: '0.1.0', python: '3.11.9', torch: '2.13.0' };
  const [own] = state.cluster?.nodes ?? [];
  const address = '10.0.0.2:6379';
  let isLost = false;
  const tasks = state.tasks.map((task): TaskState => {
    const [attempt] = task.attempts;
    if (isLost || task.status !== 'running' || !attempt) {
      return task;
    }
    isLost = true;
    const there = { node: 'gpu-7', devices: ['cuda0'], requestedAt: T0 + 1, startedAt: T0 + 2, savedStep: 4 };
    return {
      ...task,
      attempts: [
        { ...attempt, ...there, endedAt: T0 + 8, outcome: 'lost' },
        { ...attempt, number: 2 }
      ]
    };
  });
  return {
    ...state,
    tasks,
    cluster: {
      nodes: [
        ...(own ? [own] : []),
        {
          id: 'gpu-2',
          devices: [0, 1, 2].map(gpu),
          notices: [{ code: 'gpu-shared', message: 'GPU 2 is used by python (process 17).' }]
        }
      ]
    },
    excludedDevices: [
      {
        node: 'gpu-2',
        device: gpu(3),
        error: { code: 'device-busy', message: 'Session other has it.', hint: 'It is waited for.' }
      }
    ],
    nodes: [
      { id: 'local', state: 'connected', since: T0 - 300, isOwn: true, host: 'workstation', versions },
      { id: 'gpu-2', state: 'connected', since: T0 - 240, host: 'gpu-2', address: '10.0.0.2', versions },
      {
        ...{ id: 'gpu-7', state: 'away', since: T0 + 8, host: 'gpu-7', address: '10.0.0.7' },
        versions: { ...versions, torch: '2.12.1' },
        error: {
          code: 'node-lost',
          message: 'Ray has lost it.',
          hint: 'It is joined again when it comes back.'
        }
      }
    ],
    bridge: {
      ...{ kind: 'ray', address, request: { ray: { address: 'auto' } }, state: 'connected' },
      ...{ since: T0 - 250, joinedAt: T0 - 250 },
      nodes: [
        { id: 'gpu-2', address: '10.0.0.2' },
        { id: 'gpu-8', address: '10.0.0.8' },
        {
          id: 'gpu-9',
          address: '10.0.0.9',
          error: { code: 'other-versions', message: 'It has Python 3.10.4.', hint: 'Install the same there.' }
        }
      ]
    }
  };
}

/** Trained; one task failed, another ran out of memory first and was tried again. */
export function finishedSession(): SessionState {
  const state = runningSession(10_000);
  const tasks = state.tasks.map((t, i): TaskState => {
    const [attempt] = t.attempts as [Attempt];
    if (i === 0) {
      return {
        ...t,
        status: 'failed',
        result: undefined,
        attempts: [{ ...attempt, outcome: 'failed' }],
        error: {
          code: 'training-failed',
          message: 'ValueError: the loss is not finite at step 31',
          hint: 'Lower the learning rate.',
          traceback: 'Traceback (most recent call last):\n  File "<cell>", line 8, in digits\nValueError: nan'
        }
      };
    }
    if (i === 7) {
      const middle = attempt.requestedAt + 2;
      return {
        ...t,
        attempts: [
          { ...attempt, endedAt: middle, outcome: 'oom' },
          { ...attempt, number: 2, requestedAt: middle, startedAt: middle + 1.2 }
        ]
      };
    }
    return t;
  });
  const ends = tasks.flatMap(t => t.attempts.map(attempt => attempt.endedAt as number));
  return { ...state, goal: 'none', tasks, run: { startedAt: T0, endedAt: Math.max(...ends) } };
}

const COUNTS = [1, 2, 4];
const CHECKPOINTING = { checkpointing: true };

/** One measured task under techniques with knobs on up to four devices, in every state there is. */
export function variedSession(): SessionState {
  const state = definedSession();
  const [first, second] = state.tasks as [TaskState, TaskState];
  const feasibility: Inspection['feasibility'] = [
    ...COUNTS.map(devices => ({
      strategy: { technique: 'single', devices },
      ...(devices === 1 ? { feasible: true } : { feasible: false, reason: 'it uses one device' })
    })),
    ...COUNTS.slice(1).flatMap(devices => [
      { strategy: { technique: 'ddp', devices }, feasible: true },
      ...[{}, CHECKPOINTING].map(knobs => ({
        strategy: { technique: 'fsdp', devices, knobs },
        feasible: true
      })),
      {
        strategy: { technique: 'pipeline', devices, knobs: { schedule: '1f1b', micro_batches: 4 } },
        feasible: true
      }
    ]),
    { strategy: { technique: 'tensor', devices: 2 }, feasible: true },
    {
      strategy: { technique: 'tensor', devices: 4 },
      feasible: false,
      reason: 'its 6 attention heads do not divide evenly over 4 devices'
    },
    {
      strategy: { technique: 'hsdp', devices: 2 },
      feasible: false,
      reason: 'it needs at least 4 devices'
    },
    {
      strategy: { technique: 'hsdp', devices: 4 },
      feasible: false,
      reason: 'it needs at least 2 nodes'
    }
  ];
  const known = (strategy: Strategy, rest: Partial<ProfileCell> = {}): ProfileCell => ({
    ...{ signature: 'mlp-32', strategy, status: 'ok', source: 'measured' },
    ...rest
  });
  const speed = (stepSeconds: number): Partial<ProfileCell> => ({
    ...{ stepSeconds, spreadSeconds: stepSeconds / 50, startSeconds: 1.2, saveSeconds: 0.3, steps: 12 },
    ...{ loadSeconds: stepSeconds / 10, peakBytes: 3e9 }
  });
  return {
    ...state,
    goal: 'profile',
    probing: true,
    tasks: [first, second].map(task => ({
      ...task,
      inspection: {
        ...(task.inspection as Inspection),
        feasibility,
        warnings: ['Dropout draws other masks on other numbers of devices.']
      }
    })),
    cells: [
      known({ technique: 'single', devices: 1 }, { ...speed(0.4), recalled: true }),
      known({ technique: 'ddp', devices: 2 }, speed(0.24)),
      known(
        { technique: 'ddp', devices: 4 },
        { source: 'interpolated', stepSeconds: 0.14, stepSecondsLow: 0.12, stepSecondsHigh: 0.2 }
      ),
      known(
        { technique: 'fsdp', devices: 2, knobs: {} },
        {
          status: 'oom',
          error: { code: 'out-of-memory', message: 'The device ran out of memory at step 1.' }
        }
      ),
      known(
        { technique: 'fsdp', devices: 4, knobs: CHECKPOINTING },
        { status: 'pruned', reason: 'fsdp x4 fits, and is faster.' }
      ),
      known(
        { technique: 'tensor', devices: 2 },
        {
          status: 'failed',
          error: {
            code: 'trial-failed',
            message: 'RuntimeError: the ranks disagree',
            traceback: 'Traceback (most recent call last):\nRuntimeError: the ranks disagree'
          }
        }
      )
    ],
    trials: [
      {
        ...{ id: 't1', task: first.spec.name, signature: 'mlp-32', status: 'running', node: 'local' },
        strategy: { technique: 'fsdp', devices: 4, knobs: {} },
        devices: ['cpu0']
      },
      {
        ...{ id: 't2', task: first.spec.name, signature: 'mlp-32', status: 'queued' },
        strategy: { technique: 'fsdp', devices: 2, knobs: CHECKPOINTING }
      }
    ]
  };
}
