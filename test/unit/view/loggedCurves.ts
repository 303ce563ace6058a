import type { ILoggedCurve } from '../../../src/core/view/curves/curveChart.js';
import type { SessionState } from '../../../src/core/wire/messages.js';

/** What the first tasks of a session have logged, the first of which was switched to another strategy. */
export function loggedBy({ tasks }: SessionState): ILoggedCurve[] {
  const steps = Array.from({ length: 90 }, (_, i) => i + 1);
  const segment = {
    step: 0,
    attempt: 1,
    strategy: { technique: 'single', devices: 1 },
    node: 'n',
    devices: ['cpu0']
  };
  const moved = { ...segment, step: 40, attempt: 2, strategy: { technique: 'ddp', devices: 2 } };
  return tasks.slice(0, 3).flatMap(({ spec }, of) => {
    const values = steps.map(step => (step === 60 ? null : (3 - of / 2) / Math.sqrt(step)));
    const common = {
      task: spec.name,
      metrics: ['loss'],
      segments: [segment, moved],
      last: 90,
      edition: 'one'
    };
    const loss = { ...common, steps, values, times: steps };
    const evaluated = { ...common, steps: [45, 90], values: [0.5, 0.75], times: [45, 90] };
    return [
      { metric: 'loss', curve: loss },
      { metric: 'eval/accuracy', curve: evaluated }
    ];
  });
}
