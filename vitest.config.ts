import { configDefaults, defineConfig } from 'vitest/config';

/** What takes long and proves what little depends on: `npm run test:nightly`. */
const byNight = process.env.SATURN_NIGHTLY ? [] : ['**/*.nightly.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/unit/setup.ts'],
          testTimeout: 60_000
        }
      },
      {
        test: {
          name: 'lab',
          environment: 'jsdom',
          include: ['test/lab/**/*.test.{ts,tsx}'],
          setupFiles: ['test/lab/setup.ts'],
          // Its modules name others without their endings, which Node.js does not find.
          server: { deps: { inline: [/@jupyter\/web-components/] } },
          testTimeout: 30_000
        }
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...byNight],
          // Each has a JupyterLab and a browser of its own, and waits for them most of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000
        }
      }
    ]
  }
});
