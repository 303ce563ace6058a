/**
 * Why a technique is not for a number of devices, whatever the task: its nature, which nobody can change. The techniques say
 * them; `test/unit/view/format/generalReasons.test.ts` looks there.
 */
export const GENERAL_REASONS: ReadonlySet<string> = new Set([
  'it runs on one device only',
  'on one device it is the same as single',
  'it takes a grid of two copies or more over two shards or more, as 4 devices are',
  'it takes a grid of two groups or more of 2, 4 or 8 devices, as 4 devices are'
]);
