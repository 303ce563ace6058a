import { cellKey, strategyKey } from '../../../src/core/model/strategy.js';
import { distinctGroundTruth, paperGroundTruth } from '../../bench/trials/groundTruth.js';
import { live, type IWorld } from './world.js';
function make(kind: string, seed: number): { cold: IWorld; known: IWorld } {
  const g = kind === 'distinct' ? distinctGroundTruth(seed, !process.env.NOEST) : paperGroundTruth(kind as 'txt', seed, !process.env.NOEST);
  const strategies = g.tasks.flatMap(t => t.inspection.feasibility.filter(f => f.feasible).map(f => f.strategy));
  const byKey = new Map(strategies.map(s => [strategyKey(s), s]));
  // sizes: scale so that the mean task's total work on best is ~ 60..; keep steps ratio
  const scaleSteps = Number(process.env.STEPS ?? 200);
  const tasks = g.tasks.map(t => {
    const truth = new Map<string, number>();
    const sig = t.inspection.signature;
    const start = [...g.truth].find(([k]) => k.startsWith(sig + ' '))![1].startSeconds;
    const scale = t.inspection.steps / scaleSteps / start; // so start-up is 1
    for (const s of byKey.values()) { const o = g.truth.get(cellKey(sig, s)); if (o) truth.set(strategyKey(s), o.stepSeconds * scale * Number(process.env.LEN ?? 1)); }
    return { name: t.spec.name, steps: scaleSteps, truth, believed: new Map<string, number>(), arrival: 0, signature: sig };
  });
  const cold: IWorld = { devices: 8, tasks, fates: [], strategies: [...byKey.values()] };
  return { cold, known: { ...cold, tasks: tasks.map(t => ({ ...t, believed: new Map([...byKey.keys()].map(k => [k, t.truth.get(k) ?? Infinity])) })) } };
}
for (const kind of (process.env.KINDS ?? 'txt,distinct').split(',').filter(k => k)) {
  const rows = [];
  for (let seed = Number(process.env.FROM ?? 1); seed <= Number(process.env.SEEDS ?? 4); seed++) {
    const { cold, known } = make(kind, seed);
    const k = await live(known, 'pays');
    const c = await live(cold, 'pays');
    const n = process.env.NEVER ? await live(cold, 'never') : undefined;
    const att = c.sim.session.state.tasks.reduce((s, t) => s + t.attempts.length, 0);
    rows.push(c.seconds / k.seconds);
    console.log(kind, seed, 'known', k.seconds.toFixed(1), 'cold', c.seconds.toFixed(1), (c.seconds / k.seconds).toFixed(3), 'attempts', att, 'moves', c.moves, n ? `never ${n.seconds.toFixed(1)} ${(n.seconds / k.seconds).toFixed(3)}` : '');
  }
  console.log(kind, 'mean', (rows.reduce((a, b) => a + b, 0) / rows.length).toFixed(3));
}
if (process.env.TRACE) {
  const [kind, seed] = process.env.TRACE.split(':');
  const { cold, known } = make(kind!, Number(seed));
  const c = await live(cold, 'pays');
  const t0 = c.sim.log.find(e => e.event.kind === 'run-requested')!.time;
  for (const t of c.sim.session.state.tasks) {
    const best = [...(cold.tasks.find(x => x.name === t.spec.name)!.truth)].map(([k, s]) => [k, s] as const).sort((a, b) => a[1] * Number(a[0].split(':')[1]!.split(',')[0]) - b[1] * Number(b[0].split(':')[1]!.split(',')[0]))[0]!;
    console.log(t.spec.name, 'best/dev', best[0], best[1].toFixed(2));
    if (process.env.LONG) for (const a of t.attempts) console.log('   ', a.number, strategyKey(a.strategy), 'real', cold.tasks.find(x => x.name === t.spec.name)!.truth.get(strategyKey(a.strategy))?.toFixed(2), 'at', (a.requestedAt - t0).toFixed(1), '-', ((a.endedAt ?? 0) - t0).toFixed(1), 'from', a.fromStep, a.outcome, a.explores ? 'explores' : '', a.planned ? `planned ${(a.planned.start - t0).toFixed(0)}-${(a.planned.end - t0).toFixed(0)}` : '');
  }
  const rows: [number, string][] = [];
  for (const t of c.sim.session.state.tasks) {
    const truth = cold.tasks.find(x => x.name === t.spec.name)!.truth;
    const area = (k: string, s: number) => s * Number(k.split(':')[1]!.split(',')[0]);
    const best = Math.min(...[...truth].map(([k, s]) => area(k, s)));
    for (const a of t.attempts) { const w = truth.get(strategyKey(a.strategy)); if (w === undefined) continue;
      const dur = a.endedAt! - a.requestedAt - 1.5; const steps = dur / w; const ex = (area(strategyKey(a.strategy), w) - best) * steps;
      rows.push([ex, `${t.spec.name} ${a.number} ${strategyKey(a.strategy)} area ${area(strategyKey(a.strategy), w).toFixed(2)} best ${best.toFixed(2)} at ${(a.requestedAt - t0).toFixed(0)}-${(a.endedAt! - t0).toFixed(0)} planned ${a.planned ? (a.planned.end - a.planned.start).toFixed(0) : '-'}`]); }
  }
  console.log(rows.sort((a, b) => b[0] - a[0]).slice(0, 14).map(r => r[0].toFixed(0) + ' ' + r[1]).join('\n'));
  for (const r of c.sim.session.state.replans ?? []) console.log((r.at - t0).toFixed(0), r.causes.map(x => x.kind + (x.tasks ?? '')).join(','), r.makespan.toFixed(0), 'carry', r.carryOn?.toFixed(0), r.moves.map(m => m.task + ' ' + strategyKey(m.before.strategy) + '->' + strategyKey(m.after.strategy)).join('; '));
  void known;
}
if (process.env.LOSS) {
  for (const one of process.env.LOSS.split(' ')) {
    const [kind, seed] = one.split(':');
    const { cold, known } = make(kind!, Number(seed));
    for (const [label, world, pol] of [['known', known, 'pays'], ['cold', cold, 'pays'], ['never', cold, 'never']] as const) {
      if (pol === 'never' && !process.env.NEVER) continue;
      const c = await live(world, pol);
      const t0 = c.sim.log.find(e => e.event.kind === 'run-requested')!.time;
      let over = 0, train = 0, oom = 0; let first = 0;
      for (const t of c.sim.session.state.tasks) for (const a of t.attempts) {
        const w = cold.tasks.find(x => x.name === t.spec.name)!.truth.get(strategyKey(a.strategy));
        const d = a.devices.length * (a.endedAt! - a.requestedAt);
        if (w === undefined) oom += d; else { over += a.devices.length * 1.5; train += d - a.devices.length * 1.5; }
      }
      const made = c.sim.log.find(e => e.event.kind === 'plan-made' && e.time > t0 && !Object.hasOwn(e, 'x')); first = made ? made.time - t0 : 0;
      const runStart = c.sim.session.state.run!.startedAt - t0;
      const T = c.seconds * 8;
      console.log(one, label, c.seconds.toFixed(0), 'device-s', T.toFixed(0), 'train', train.toFixed(0), 'overhead', over.toFixed(0), 'oom', oom.toFixed(0), 'idle', (T - train - over - oom).toFixed(0), 'first plan', first.toFixed(0), 'run from', runStart.toFixed(0), 'trials', c.sim.session.state.trialsDone, 'plan at', (c.sim.session.state.tasks.flatMap(t => t.attempts).filter(a => a.planned).map(a => a.planned!.start).sort((a, b) => a - b)[0]! - t0).toFixed(0), 'plans', c.sim.log.filter(e => e.event.kind === 'plan-made').length, 'explored', c.sim.session.state.tasks.flatMap(t => t.attempts).filter(a => a.explores).length);
    }
  }
}
