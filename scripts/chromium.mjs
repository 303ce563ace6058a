/** A Chromium for the browser tests. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Failure, run, step } from './step.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function find() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (!existsSync(named)) {
      throw new Failure(`CHROMIUM_PATH names ${named}, which does not exist.`);
    }
    return named;
  }
  const folders = process.env.PATH.split(':');
  return names.flatMap(name => folders.map(folder => `${folder}/${name}`)).find(path => existsSync(path));
}

const mayInstall = () => process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0;

/**
 * Finds Chromium; installs Debian's when root on Debian and there is none.
 *
 * @returns its path
 * @throws Failure that says how to get one
 */
export async function ensureChromium() {
  if (!find() && mayInstall()) {
    await step({
      name: 'chromium',
      work: async () => {
        const env = { DEBIAN_FRONTEND: 'noninteractive' };
        await run('apt-get', ['update'], { env });
        await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { env });
      }
    });
  }
  const path = find();
  if (!path) {
    throw new Failure(
      'The browser tests need Chromium. Install it (on Debian: apt-get install chromium) or name one in the variable CHROMIUM_PATH.'
    );
  }
  return path;
}
