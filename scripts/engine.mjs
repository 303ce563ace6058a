/**
 * The engine as the Python package ships it, in python-shim/jupyterlab_saturn/engine:
 *   engine.mjs, planner.mjs   bundles of src/engine
 *   highs.wasm                the MILP solver, beside the bundle that loads it
 *   libraries.json            versions of what is bundled or beside it
 *   node_modules/zeromq       what its loader needs, with one prebuilt addon a platform
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { megabytes, sizeOf } from './digest.mjs';
import { root } from './root.mjs';
import { Failure } from './step.mjs';

/** Folder of the built engine. */
export const engineFolder = join(root, 'python-shim', 'jupyterlab_saturn', 'engine');

/** The bundles: engine first, then its planner thread. */
export const engineOutputs = ['engine.mjs', 'planner.mjs'].map(file => join(engineFolder, file));

const modules = join(root, 'node_modules');

/** What a zeromq addon must run on. Windows has neither `ipc://` in libzmq's form nor fork. */
const platforms = [
  { os: 'linux', arch: 'x64', libc: 'glibc' },
  { os: 'linux', arch: 'x64', libc: 'musl' },
  { os: 'linux', arch: 'arm64', libc: 'glibc' },
  { os: 'linux', arch: 'arm64', libc: 'musl' },
  { os: 'darwin', arch: 'x64', libc: 'libc' },
  { os: 'darwin', arch: 'arm64', libc: 'libc' }
];

/** esbuild options of the engine's bundles. */
export const bundle = {
  absWorkingDir: root,
  entryPoints: { engine: 'src/engine/main.ts', planner: 'src/engine/planner/threadPlannerServer.ts' },
  outdir: engineFolder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['zeromq'],
  // Packages written as CommonJS call `require`, which an ES module has to make for itself.
  banner: {
    js: "import { createRequire as saturnRequire } from 'node:module';\nconst require = saturnRequire(import.meta.url);"
  },
  legalComments: 'linked',
  logLevel: 'silent'
};

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

/**
 * Copies a package's runtime files. Its package.json is cut to what Node resolves by, so that no
 * tool takes the copy for something to install or build.
 */
function copyPackage(name, files) {
  const to = join(engineFolder, 'node_modules', name);
  const { version, license, type, main, exports } = JSON.parse(
    readFileSync(join(modules, name, 'package.json'), 'utf8')
  );
  for (const file of files) {
    copy(join(modules, name, file), join(to, file));
  }
  writeFileSync(
    join(to, 'package.json'),
    `${JSON.stringify({ name, version, license, type, main, exports }, null, 2)}\n`
  );
  return to;
}

/**
 * Picks one addon a platform. They speak Node-API, so any Node from 20 on loads any of them; the
 * one built for Node 22 comes first since on Linux it asks for the oldest C library.
 */
function pickAddons(manifest) {
  const entries = Object.entries(manifest).map(([key, path]) => ({ key, path, ...JSON.parse(key) }));
  return platforms.map(({ os, arch, libc }) => {
    const builds = entries.filter(entry => entry.os === os && entry.arch === arch && entry.libc === libc);
    const pick = builds.find(build => build.abi === 127) ?? builds.find(build => build.abi === 115);
    if (!pick) {
      throw new Failure(`zeromq ships no addon for ${os} ${arch} ${libc}; see node_modules/zeromq/build.`);
    }
    return pick;
  });
}

function copyZeromq() {
  const build = join(modules, 'zeromq', 'build');
  const addons = pickAddons(JSON.parse(readFileSync(join(build, 'manifest.json'), 'utf8')));
  const library = ['index', 'native', 'load-addon', 'util', 'errors', 'draft'].map(file => `lib/${file}.js`);
  const to = copyPackage('zeromq', [
    ...library,
    'LICENSE.txt',
    'LICENSE_MPL-2.0.txt',
    ...addons.map(({ path }) => `build/${path}`)
  ]);
  const manifest = Object.fromEntries(addons.map(({ key, path }) => [key, path]));
  writeFileSync(join(to, 'build', 'manifest.json'), JSON.stringify(manifest));
  copyPackage('cmake-ts', ['build/loader.js', 'build/loader.mjs']);
}

const versionOf = name => JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).version;

/**
 * Puts beside the bundles what they load at run time.
 *
 * @returns a remark on its size
 */
export function copyRuntime() {
  const packages = join(engineFolder, 'node_modules');
  rmSync(packages, { recursive: true, force: true });
  copy(join(modules, 'highs', 'build', 'highs.wasm'), join(engineFolder, 'highs.wasm'));
  copyZeromq();
  const versions = ['highs', 'zeromq'].map(name => [name, versionOf(name)]);
  writeFileSync(join(engineFolder, 'libraries.json'), `${JSON.stringify(Object.fromEntries(versions))}\n`);
  return `highs.wasm ${megabytes(sizeOf(join(engineFolder, 'highs.wasm')))}, zeromq ${megabytes(sizeOf(packages))}`;
}

/**
 * Bundles the engine and its planner thread.
 *
 * @returns a remark on their size
 */
export async function bundleEngine() {
  const esbuild = await import('esbuild');
  try {
    await esbuild.build(bundle);
  } catch (error) {
    throw new Failure('The engine does not bundle.', error.message);
  }
  const [engine, planner] = engineOutputs.map(file => megabytes(sizeOf(file)));
  return `engine ${engine}, planner ${planner}`;
}
