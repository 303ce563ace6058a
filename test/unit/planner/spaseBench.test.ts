import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { assertRequest } from '../../../src/core/planner/problem/requestValidation.js';
import type { Plan, PlanRequest, ProfileCell } from '../../../src/core/wire/messages.js';
import { validate } from '../../../src/core/wire/messages.js';
import { answerFile, FOLDER, generatedFiles, SETTINGS } from '../../bench/paper/files.js';

function stored<T>(name: string): T {
  return JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as T;
}

describe('spase-bench files', () => {
  it('are what the code makes, and no others', () => {
    const generated = generatedFiles();
    for (const [name, text] of generated) {
      expect(readFileSync(join(FOLDER, name), 'utf8'), name).toBe(text);
    }
    const names = [...generated.keys(), ...SETTINGS.map(({ name }) => answerFile(name))];
    expect(readdirSync(FOLDER).sort()).toEqual(names.sort());
  });

  it.each(SETTINGS)('$name: a question the planner takes, and an answer to it', ({ name }) => {
    const request = stored<PlanRequest>(`${name}.request.json`);
    validate('PlanRequest', request);
    assertRequest(request);
    expect(request.tasks).toHaveLength(12);
    const plan = stored<Plan>(answerFile(name));
    validate('Plan', plan);
    expect(checkPlan(request, plan)).toEqual([]);
    expect(plan.unplanned).toEqual([]);
    expect(plan.gap).toBeLessThan(0.05);
  });

  it('profiles hold every cell of the instances, and what does not fit', () => {
    for (const { name, workload } of SETTINGS) {
      const cells = stored<ProfileCell[]>(`${workload}.profile.json`);
      expect(cells.some(({ status }) => status === 'oom')).toBe(true);
      for (const task of stored<PlanRequest>(`${name}.request.json`).tasks) {
        const own = cells.filter(
          ({ signature, status }) => task.name.startsWith(`${signature}-lr`) && status === 'ok'
        );
        expect(own.map(({ strategy, stepSeconds }) => [strategy, stepSeconds])).toEqual(
          task.options.map(({ strategy, stepSeconds }) => [strategy, stepSeconds])
        );
      }
    }
  });
});
