import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { type Plan, type PlanRequest, validate } from '../../../src/core/wire/messages.js';

const EXAMPLE = join('examples', 'plan-request.json');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-plan-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function planCommand(args: string[], input?: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('scripts', 'plan.mjs'), ...args], {
    encoding: 'utf8',
    input
  });
  return { status, stdout, stderr };
}

describe('npm run plan', () => {
  it('plans the example: a summary, progress, and a plan in a file', () => {
    const out = join(folder, 'plan.json');
    const { status, stdout, stderr } = planCommand([EXAMPLE, '--iterations', '2000', '--out', out]);
    expect(status).toBe(0);
    expect(stdout).toContain('The plan: 12 tasks in ');
    expect(stdout).toMatch(/^cuda7 {2}[▓░]/m);
    expect(stdout).toContain('Compared with simple rules');
    expect(stdout).toMatch(/gptj-6b-lr1e-4 +pipeline x\d/);
    expect(stderr).toMatch(/^ +\d+\.\d\d s {2}.*, (gap .*|optimal) \(construction\)$/m);
    const plan = JSON.parse(readFileSync(out, 'utf8')) as Plan;
    const request = JSON.parse(readFileSync(EXAMPLE, 'utf8')) as PlanRequest;
    validate('Plan', plan);
    expect(checkPlan(request, plan)).toEqual([]);
    expect(plan.explanation!.tasks).toHaveLength(12);
  });

  it('reads the standard input, and gives the same answer to the same question', () => {
    const question = readFileSync(EXAMPLE, 'utf8');
    const [one, two] = ['one.json', 'two.json'].map(name => {
      const out = join(folder, name);
      expect(planCommand(['-', '--iterations', '500', '--out', out], question).status).toBe(0);
      return readFileSync(out, 'utf8');
    });
    expect(one).toBe(two);
  });

  it('says which field is wrong', () => {
    const request = JSON.parse(readFileSync(EXAMPLE, 'utf8')) as PlanRequest;
    const [first, second] = request.tasks;
    first!.steps = 1.5;
    (second!.options[3] as { stepSeconds: unknown }).stepSeconds = 'fast';
    const { status, stderr } = planCommand(['-'], JSON.stringify({ ...request, hurry: true }));
    expect(status).toBe(1);
    expect(stderr).toContain('the request must NOT have additional properties: hurry');
    expect(stderr).toContain('tasks[0].steps must be integer');
    expect(stderr).toContain('tasks[1].options[3].stepSeconds must be number');
  });

  it('says what makes no sense, what is no JSON, what is not there', () => {
    const request = JSON.parse(readFileSync(EXAMPLE, 'utf8')) as PlanRequest;
    const twice = { ...request, tasks: [...request.tasks, request.tasks[0]] };
    expect(planCommand(['-'], JSON.stringify(twice))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('two entries "bert-large-lr1e-5"')
    });
    expect(planCommand(['-'], '{')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('The standard input is not JSON')
    });
    expect(planCommand(['nowhere.json'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('nowhere.json cannot be read')
    });
    expect(planCommand([EXAMPLE, '--seconds', 'many'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--seconds cannot be "many"')
    });
    expect(planCommand([])).toMatchObject({ status: 1, stderr: expect.stringContaining('Usage:') });
  });
});
