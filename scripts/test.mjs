/** `npm test [-- suite ...] [-- --nightly]`: sets up, runs the suites, some side by side, and sums up. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setup } from './setup.mjs';
import { main, seconds, tail } from './step.mjs';
import { NIGHTLY, reports, selectSuites } from './suites.mjs';

const say = text => process.stdout.write(`${text}\n`);

const counts = ({ passed, failed, skipped }) =>
  [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`]
    .filter(Boolean)
    .join(', ');

async function runSuite(name, suite) {
  const since = performance.now();
  let result;
  try {
    result = await suite();
  } catch (error) {
    result = { passed: 0, failed: 1, skipped: 0, output: `${error.message}\n` };
  }
  const log = join(reports, `${name}.log`);
  writeFileSync(log, result.output);
  if (result.failed > 0) {
    say(`\n--- ${name}: the end of ${log}\n${tail(result.output, 80)}\n---`);
  }
  say(`${name}: ${counts(result)} (${seconds(since)})`);
  return result;
}

await main(async () => {
  const words = process.argv.slice(2);
  const nightly = words.includes(NIGHTLY);
  const stages = selectSuites(
    words.filter(word => word !== NIGHTLY),
    nightly
  );
  if (nightly) {
    process.env.SATURN_NIGHTLY = '1'; // what the test runners are started with
  }
  await setup();
  say('');
  mkdirSync(reports, { recursive: true });
  const total = { passed: 0, failed: 0, skipped: 0 };
  const runLane = async lane => {
    for (const [name, suite] of lane) {
      const result = await runSuite(name, suite);
      for (const key of Object.keys(total)) {
        total[key] += result[key];
      }
    }
  };
  for (const lanes of stages) {
    await Promise.all(lanes.map(runLane));
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  say(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
});
