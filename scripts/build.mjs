/** `npm run build [wire] [engine] [lab]`: everything that is made from sources; all parts when none is named. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleEngine, copyRuntime, engineFolder, engineOutputs } from './engine.mjs';
import { buildLab, labFolder, linkLab } from './labextension.mjs';
import { root } from './root.mjs';
import { Failure, main, run, step } from './step.mjs';
import { catalogue, writeCatalogue } from './techniques.mjs';

const at = (...path) => join(root, ...path);
const stamp = name => at('.cache', 'stamps', name);
const lock = at('package-lock.json');

const parts = {
  wire: async () => {
    await step({
      name: 'wire types',
      stamp: stamp('wire'),
      inputs: [at('schema', 'wire'), at('scripts', 'wire.mjs'), at('scripts', 'wirePython.mjs'), lock],
      outputs: [
        at('src', 'core', 'wire', 'generated', 'types.ts'),
        at('src', 'core', 'wire', 'generated', 'schema.json'),
        at('python-shim', 'jupyterlab_saturn', 'generated', 'schema.json'),
        at('python-shim', 'jupyterlab_saturn', 'generated', 'wire_types.py')
      ],
      work: async () => {
        await run(process.execPath, [at('scripts', 'wire.mjs')]);
      }
    });
    await step({
      name: 'technique catalogue',
      stamp: stamp('techniques'),
      inputs: [
        ...['training/techniques', 'technique_catalogue.py', 'plugins.py'].map(path =>
          at('python-shim', 'jupyterlab_saturn', path)
        ),
        at('scripts', 'techniques.mjs')
      ],
      outputs: [catalogue],
      work: writeCatalogue
    });
  },
  engine: async () => {
    await step({
      name: 'engine runtime',
      stamp: stamp('runtime'),
      inputs: [at('scripts', 'engine.mjs'), lock],
      outputs: [
        join(engineFolder, 'highs.wasm'),
        join(engineFolder, 'libraries.json'),
        join(engineFolder, 'node_modules', 'zeromq', 'package.json')
      ],
      work: copyRuntime
    });
    await step({
      name: 'engine',
      stamp: stamp('engine'),
      inputs: [at('src', 'core'), at('src', 'engine'), at('scripts', 'engine.mjs'), lock],
      outputs: engineOutputs,
      work: bundleEngine
    });
  },
  lab: async () => {
    await step({
      name: 'extension',
      stamp: stamp('lab'),
      inputs: [
        ...['src', 'schema', 'style', 'package.json', 'tsconfig.json', 'rspack.config.cjs'].map(path =>
          at(path)
        ),
        lock
      ],
      outputs: [join(labFolder, 'package.json')],
      work: buildLab
    });
    linkLab();
  }
};

/** Builds the named parts, or all, in the order in which they depend on each other. */
export async function build(names = Object.keys(parts)) {
  for (const name of names) {
    if (!(name in parts)) {
      throw new Failure(`There is no part ${name} to build, only ${Object.keys(parts).join(', ')}.`);
    }
    await parts[name]();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  await main(() => build(names.length > 0 ? names : undefined));
}
