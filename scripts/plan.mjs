/**
 * `npm run plan -- request.json [--seconds S] [--iterations N] [--out plan.json]`: plans from a shell.
 *
 * The request is a `PlanRequest` of schema/wire/model.json, `-` reads it from the standard input; the plan written
 * with `--out` is a `Plan`. Exit code 1: the request cannot be planned; 2: the plan does not pass the checker, which
 * is a defect of the planner.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { installPackages } from './packages.mjs';
import { root } from './root.mjs';
import { Failure, main, step } from './step.mjs';

const usage = 'Usage: npm run plan -- request.json [--seconds S] [--iterations N] [--out plan.json]';

/** What the command needs of src/core. */
const entry = `
export { checkPlan } from './src/core/model/checker/checker.js';
export { plan } from './src/core/planner/plan.js';
export { duration, percent } from './src/core/view/format/format.js';
export { display } from './src/core/view/display/display.js';
export { tableBlock } from './src/core/view/display/block.js';
export { planGantt } from './src/core/view/gantt/sessionGantt.js';
export { baselineTable } from './src/core/view/plan/baselineTable.js';
export { leftOutTasks, unmetWishes } from './src/core/view/plan/planProblems.js';
export { planSentences } from './src/core/view/plan/planSentences.js';
export { explanationBlock } from './src/core/view/plan/planView.js';
export { ENGLISH } from './src/core/model/translation.js';
export { default as schema } from './src/core/wire/generated/schema.json';
`;

const bundle = join(root, 'out', 'plan', 'planner.mjs');

/** Bundles the planner unless that is done. */
async function bundlePlanner() {
  await installPackages();
  await build(['wire']);
  await step({
    name: 'planner',
    stamp: join(root, '.cache', 'stamps', 'plan'),
    inputs: [join(root, 'src', 'core'), join(root, 'scripts', 'plan.mjs'), join(root, 'package-lock.json')],
    outputs: [bundle],
    work: async () => {
      const esbuild = await import('esbuild');
      await esbuild.build({
        absWorkingDir: root,
        stdin: { contents: entry, resolveDir: root },
        outfile: bundle,
        bundle: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
        external: ['highs'],
        logLevel: 'silent'
      });
    }
  });
  return import(pathToFileURL(bundle).href);
}

function parse(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        seconds: { type: 'string' },
        iterations: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' }
      }
    });
    return { ...values, files: positionals };
  } catch (error) {
    throw new Failure(`${error.message}\n${usage}`);
  }
}

/** `--seconds` and `--iterations` in place of the request's budget. */
function budgetOf({ seconds, iterations }) {
  const number = (name, value, fits) => {
    if (value.trim() === '' || !fits(Number(value))) {
      throw new Failure(`--${name} cannot be "${value}".\n${usage}`);
    }
    return Number(value);
  };
  return {
    ...(seconds !== undefined && { seconds: number('seconds', seconds, n => n > 0 && n <= 3600) }),
    ...(iterations !== undefined && {
      iterations: number('iterations', iterations, n => Number.isSafeInteger(n) && n >= 0)
    })
  };
}

async function read(file) {
  const name = file === '-' ? 'The standard input' : file;
  let content;
  try {
    content = file === '-' ? await text(process.stdin) : readFileSync(resolve(file), 'utf8');
  } catch (error) {
    throw new Failure(`${name} cannot be read: ${error.message}`);
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new Failure(`${name} is not JSON: ${error.message}`);
  }
}

/** `/tasks/0/options/1` as `tasks[0].options[1]`. */
const pathOf = pointer =>
  pointer
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.')
    .replace(/^\./, '') || 'the request';

/** Refuses what the wire schema does not allow, and says where. */
async function validate(request, schema) {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({ strict: false, allErrors: true }).addSchema(schema, 'wire');
  const check = ajv.compile({ $ref: 'wire#/definitions/PlanRequest' });
  if (!check(request)) {
    const shown = check.errors.slice(0, 10).map(({ instancePath, message, params }) => {
      const extra = params.additionalProperty ?? params.allowedValues?.join(', ');
      return `  ${pathOf(instancePath)} ${message}${extra === undefined ? '' : `: ${extra}`}`;
    });
    const rest = check.errors.length - shown.length;
    throw new Failure(
      ['The request is not a PlanRequest:', ...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n')
    );
  }
}

function summary(core, request, plan) {
  const { ENGLISH } = core;
  const { baselines, log = [], segments } = plan;
  const blocks = [
    ...core.planSentences(plan, ENGLISH),
    ...core.unmetWishes(plan, ENGLISH),
    segments.length > 0 && {
      kind: 'chart',
      chart: core.planGantt(plan, request.cluster, ENGLISH),
      sections: ['planned']
    },
    baselines.length > 0 && core.tableBlock(core.baselineTable(plan, ENGLISH)),
    core.leftOutTasks(plan, ENGLISH),
    core.explanationBlock(plan, ENGLISH, Number.POSITIVE_INFINITY)
  ];
  const found = `Found by ${plan.method}${log.length > 1 ? `, the last of ${log.length} plans and bounds` : ''}.`;
  return `${core.display('plan', blocks, ENGLISH).text}\n\n${found}`;
}

await main(async () => {
  const { files, out, help, ...given } = parse(process.argv.slice(2));
  if (help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  if (files.length !== 1) {
    throw new Failure(usage);
  }
  const budget = budgetOf(given);
  const core = await bundlePlanner();
  const request = await read(files[0]);
  await validate(request, core.schema);
  if (Object.keys(budget).length > 0) {
    request.budget = budget;
  }
  const { default: loadHighs } = await import('highs');
  const wasm = createRequire(import.meta.url).resolve('highs/runtime');
  const since = performance.now();
  let plan;
  try {
    plan = await core.plan(request, {
      loadHighs: () => loadHighs({ locateFile: () => wasm }),
      onProgress: better => {
        const time = ((performance.now() - since) / 1000).toFixed(2).padStart(7);
        const quality = better.optimal ? 'optimal' : `gap ${core.percent(better.gap, core.ENGLISH)}`;
        process.stderr.write(
          `${time} s  ${core.duration(better.makespan, core.ENGLISH)}, ${quality} (${better.method})\n`
        );
      }
    });
  } catch (error) {
    // A failure of the core is meant for people; anything else is a defect and keeps its stack.
    throw error.failure === undefined ? error : new Failure(error.message);
  }
  process.stdout.write(`\n${summary(core, request, plan)}\n`);
  if (out !== undefined) {
    writeFileSync(resolve(out), `${JSON.stringify(plan, null, 1)}\n`);
  }
  const wrong = core.checkPlan(request, plan);
  if (wrong.length > 0) {
    process.stderr.write(`\nThe plan does not pass the checker:\n${wrong.map(one => `  ${one}\n`).join('')}`);
    process.exitCode = 2;
  }
});
