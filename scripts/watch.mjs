/** `npm run watch`: rebuilds engine and extension on every change. Reload the page to see the extension. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bundle } from './engine.mjs';
import { compile, federate } from './labextension.mjs';
import { root } from './root.mjs';
import { setup } from './setup.mjs';
import { main } from './step.mjs';

const watched = {
  name: 'say',
  setup: build =>
    build.onEnd(({ errors, warnings }) => {
      for (const { text, location } of [...errors, ...warnings]) {
        process.stdout.write(`engine: ${location?.file}:${location?.line} ${text}\n`);
      }
      process.stdout.write(errors.length > 0 ? 'engine: not built\n' : 'engine: built\n');
    })
};

await main(async () => {
  await setup();
  const esbuild = await import('esbuild');
  const context = await esbuild.context({ ...bundle, sourcemap: 'linked', plugins: [watched] });
  await context.watch();
  const children = [
    [...compile, '--watch', '--preserveWatchOutput'],
    [...federate, '--development', '--watch', root]
  ].map(args => spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }));
  const stop = () => {
    for (const child of children) {
      child.kill();
    }
    void context.dispose();
  };
  for (const child of children) {
    child.once('exit', stop);
  }
  process.once('SIGINT', stop).once('SIGTERM', stop);
  process.stdout.write(`Watching ${join(root, 'src')}; end with Ctrl-C.\n`);
});
