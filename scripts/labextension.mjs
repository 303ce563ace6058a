/** The JupyterLab extension: compiled to lib/, federated into the Python package, linked into .venv. */
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { megabytes, sizeOf } from './digest.mjs';
import { root } from './root.mjs';
import { run } from './step.mjs';
import { venv } from './venv.mjs';

/** Folder of the built extension. */
export const labFolder = join(root, 'python-shim', 'jupyterlab_saturn', 'labextension');

const modules = join(root, 'node_modules');
/** What is linked where: the extension, and what has Jupyter servers load their part. */
const links = [
  [labFolder, join(venv, 'share', 'jupyter', 'labextensions', 'jupyterlab-saturn')],
  [
    join(root, 'python-shim', 'jupyter_server_config.json'),
    join(venv, 'etc', 'jupyter', 'jupyter_server_config.d', 'jupyterlab_saturn.json')
  ]
];

/** Arguments to Node.js that compile src to lib. */
export const compile = [join(modules, 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.json')];

/** Arguments to Node.js that federate lib into the Python package. */
export const federate = [
  join(modules, '@jupyter', 'builder', 'lib', 'build-labextension.js'),
  '--core-package-file',
  join(modules, '@jupyterlab', 'core-meta', 'core.package.json')
];

/**
 * Builds the extension.
 *
 * @returns a remark on its size
 */
export async function buildLab() {
  await run(process.execPath, compile);
  await run(process.execPath, [...federate, root], { env: { NODE_ENV: 'production' } });
  return megabytes(sizeOf(labFolder));
}

const leadsTo = (link, place) =>
  lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === place;

/** Makes JupyterLab in .venv serve the extension from the working tree, and load its server's part. */
export function linkLab() {
  for (const [place, link] of links.filter(([place, link]) => !leadsTo(link, place))) {
    rmSync(link, { recursive: true, force: true });
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(place, link);
  }
}
