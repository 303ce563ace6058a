import { describe, expect, it } from 'vitest';
import { MOST_MATCHES, matchesIn, outputText } from '../../../../src/core/view/detail/outputText.js';
import { libraryNames, ownFrame, tracebackParts } from '../../../../src/core/view/detail/traceback.js';

const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "/opt/env/lib/python3.12/site-packages/jupyterlab_saturn/training/rank.py", line 12, in main',
  '    run(task)',
  '  File "<cell>", line 8, in digits',
  '    return loss(outputs, targets)',
  '           ~~~~^^^^^^^^^^^^^^^^^^',
  '  File "/home/ada/sweeps/losses.py", line 3, in loss',
  '  File "/opt/env/lib/python3.12/site-packages/torch/nn/functional.py", line 3, in cross_entropy',
  '    return torch._C._nn.cross_entropy_loss(input)',
  '  File "/opt/env/lib/python3.12/site-packages/torch/nn/loss.py", line 4, in forward',
  'ValueError: Expected input batch_size (32) to match target batch_size (31).',
  ''
].join('\n');

describe('tracebackParts', () => {
  const parts = tracebackParts(TRACEBACK);

  it('tells the calls of the user from those within libraries', () => {
    expect(
      parts.map(part => [part.kind, part.kind === 'text' ? part.lines.length : part.frames.length])
    ).toEqual([
      ['text', 1],
      ['library', 1],
      ['own', 2],
      ['library', 2],
      ['text', 1]
    ]);
  });

  it('keeps the lines below a call with it', () => {
    const own = parts[2];
    expect(own?.kind === 'own' && own.frames[0]).toMatchObject({
      file: '<cell>',
      line: 8,
      within: 'digits',
      code: ['    return loss(outputs, targets)', '           ~~~~^^^^^^^^^^^^^^^^^^']
    });
  });

  it('knows where the user has been last, and in which libraries it went on', () => {
    expect(ownFrame(parts)).toMatchObject({ file: '/home/ada/sweeps/losses.py', line: 3 });
    expect(parts[3]?.kind === 'library' && libraryNames(parts[3].frames)).toEqual(['torch']);
  });

  it('leaves out nothing', () => {
    const lines = parts.flatMap(part =>
      part.kind === 'text'
        ? part.lines
        : part.frames.flatMap(({ file, line, within, code }) => [
            `  File "${file}", line ${line}, in ${within}`,
            ...code
          ])
    );
    expect(lines.join('\n')).toBe(TRACEBACK.trimEnd());
  });

  it.each(['', 'Killed', 'File "x", line'])('takes %j as it is', odd => {
    expect(ownFrame(tracebackParts(odd))).toBeNull();
  });
});

describe('outputText', () => {
  it.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a bar of progress', '10 %\r20 %\r30 %\ndone', '30 %\ndone'],
    ['ends of lines of another system', 'a\r\nb\r\n', 'a\nb\n'],
    ['what would reorder a line', 'a\u202eb', 'a b'],
    ['tabs', 'a\tb', 'a    b'],
    ['markup', '<b>a</b>', '<b>a</b>']
  ])('%s', (_, written, shown) => expect(outputText(written)).toBe(shown));
});

describe('matchesIn', () => {
  it('finds a text whatever its case, and not overlapping', () => {
    expect(matchesIn('Loss loss LOSS', 'loss')).toEqual([
      [0, 4],
      [5, 9],
      [10, 14]
    ]);
    expect(matchesIn('aaaa', 'aa')).toEqual([
      [0, 2],
      [2, 4]
    ]);
  });

  it('finds nothing of nothing, and not more than can be shown', () => {
    expect(matchesIn('abc', '')).toEqual([]);
    expect(matchesIn('a'.repeat(3000), 'a')).toHaveLength(MOST_MATCHES);
    expect(matchesIn('İ', 'i')).toEqual([]);
  });
});
