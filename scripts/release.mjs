/**
 * What a release asks of the repository, for .github/workflows/release.yml:
 *   node scripts/release.mjs check v0.1.0   whether a tag, all places that say the version, and CHANGELOG.md agree
 *   node scripts/release.mjs notes v0.1.0   what CHANGELOG.md says of the version
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { Failure, main } from './step.mjs';

const places = {
  'package.json': /^ {2}"version": "(.+)",$/m,
  'package-lock.json': /^ {2}"version": "(.+)",$/m,
  'python-shim/pyproject.toml': /^version = "(.+)"$/m,
  'python-shim/jupyterlab_saturn/__init__.py': /^__version__ = "(.+)"$/m,
  'CITATION.cff': /^version: (.+)$/m
};

const read = path => readFileSync(join(root, path), 'utf8');

function versionOf(tag) {
  if (!/^v\d+\.\d+\.\d+(rc\d+)?$/.test(tag ?? '')) {
    throw new Failure(`A tag is like v1.2.3 or v1.2.3rc1, not ${tag}.`);
  }
  return tag.slice(1);
}

/** The version, by the file that says it. */
function versions() {
  return Object.fromEntries(
    Object.entries(places).map(([path, line]) => [path, read(path).match(line)?.[1] ?? 'no version'])
  );
}

/** The section of a version in the changelog, without its heading. */
function notes(version) {
  const [, ...sections] = read('CHANGELOG.md').split(/^## /m);
  const section = sections.find(text => text.split(/[\s\]]/, 1)[0].replace('[', '') === version);
  if (!section) {
    throw new Failure(`CHANGELOG.md has no section "## ${version}".`);
  }
  return section.slice(section.indexOf('\n')).trim();
}

const commands = {
  check(tag) {
    const version = versionOf(tag);
    const others = Object.entries(versions()).filter(([, said]) => said !== version);
    if (others.length > 0) {
      const said = others.map(([path, other]) => `${path} says ${other}`).join(', ');
      throw new Failure(`The tag is ${tag}, but ${said}.`);
    }
    notes(version);
    process.stdout.write(`All say ${version}.\n`);
  },
  notes: tag => process.stdout.write(`${notes(versionOf(tag))}\n`)
};

await main(() => {
  const [command, tag] = process.argv.slice(2);
  if (!Object.hasOwn(commands, command ?? '')) {
    throw new Failure(`There is no command ${command}, only ${Object.keys(commands).join(' and ')}.`);
  }
  commands[command](tag);
});
