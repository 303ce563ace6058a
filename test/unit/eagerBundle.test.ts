import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../e2e/sandbox.js';

/** What a page of JupyterLab may load of the extension before anybody has opened anything of it, gzipped. */
const MOST_BYTES = 50_000;

const ENTRY = 'src/index.ts';

/** The sources that are loaded with the plugins, and how many bytes they come to, gzipped; the style sheet not counted. */
async function eagerPart(): Promise<{ sources: Set<string>; bytes: number }> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: repository,
    entryPoints: [ENTRY],
    outdir: 'out/eager',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    // JupyterLab has these.
    external: ['@jupyterlab/*', '@lumino/*', '@jupyter-widgets/*', 'react', 'react/*', 'react-dom', 'node:*'],
    loader: { '.wasm': 'empty' }
  });
  const { outputs } = metafile;
  const eager = loadedWith(outputs);
  const sources = new Set(eager.flatMap(path => Object.keys(outputs[path]?.inputs ?? {})));
  const texts = outputFiles.filter(({ path }) => eager.some(one => path.endsWith(one)));
  return { sources, bytes: texts.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0) };
}

function loadedWith(outputs: Metafile['outputs']): string[] {
  const found = Object.keys(outputs).filter(path => outputs[path]?.entryPoint === ENTRY);
  for (const path of found) {
    for (const { path: other, kind } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && outputs[other] && !found.includes(other)) {
        found.push(other);
      }
    }
  }
  return found;
}

describe('what is loaded before anything of Saturn is opened', () => {
  let part: Awaited<ReturnType<typeof eagerPart>>;

  beforeAll(async () => {
    part = await eagerPart();
  }, 60_000);

  it('is small', () => {
    expect(part.sources).toContain('src/lab/plugins/panelPlugin.ts');
    expect(part.bytes).toBeLessThan(MOST_BYTES);
  });

  it.each([
    ['checks of messages', /^src\/core\/wire\/messages\.ts$|ajv/],
    ['charts', /^src\/(core\/view|lab)\/gantt\/|uplot/],
    ['panel', /^src\/lab\/panel\/.*\.tsx$/],
    ['dashboard', /^src\/lab\/(dashboard|detail|schedule|taskTable)\//],
    ['planner', /^src\/(core\/planner|lab\/whatIf)\/|highs/]
  ])('has no %s in it', (_, pattern) => {
    expect([...part.sources].filter(source => pattern.test(source))).toEqual([]);
  });
});
