import type { IRow } from './figures.js';

const HEIGHT = 160;
const BAR = 11;
const COLOURS = ['#8c8c8c', '#c9a227', '#4f81bd', '#7a5195', '#2a9d5c'];

/** Bars of hours per setting and policy: ours filled, the paper's as an outline. */
export function barChart<P extends string>(title: string, rows: IRow<P>[], policies: P[]): string {
  const highest = Math.max(
    ...rows.flatMap(({ ours, paper }) => policies.flatMap(policy => [ours[policy], paper[policy] ?? 0]))
  );
  const group = (policies.length + 1.5) * BAR * 1.4;
  const width = 50 + rows.length * group;
  const y = (hours: number) => 40 + HEIGHT * (1 - hours / highest);
  const bars = rows.flatMap(({ setting, ours, paper }, i) => {
    const left = 40 + i * group;
    return [
      `<text x="${left}" y="${HEIGHT + 56}">${setting}</text>`,
      ...policies.flatMap((policy, j) => {
        const x = left + j * BAR * 1.4;
        const bar = (hours: number, style: string) =>
          `<rect x="${x.toFixed(1)}" y="${y(hours).toFixed(1)}" width="${BAR}" ` +
          `height="${((HEIGHT * hours) / highest).toFixed(1)}" ${style}/>`;
        const theirs = paper[policy];
        return [
          bar(ours[policy], `fill="${COLOURS[j % COLOURS.length]}"`),
          ...(theirs === undefined ? [] : [bar(theirs, 'fill="none" stroke="black" stroke-dasharray="2 2"')])
        ];
      })
    ];
  });
  const legend = policies.map(
    (policy, j) =>
      `<rect x="${40 + j * 80}" y="${HEIGHT + 68}" width="${BAR}" height="${BAR}" fill="${COLOURS[j % COLOURS.length]}"/>` +
      `<text x="${56 + j * 80}" y="${HEIGHT + 78}">${policy}</text>`
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${HEIGHT + 90}" font-family="sans-serif" font-size="10">`,
    `<text x="40" y="18" font-size="13">${title}; dashed: the paper</text>`,
    ...bars,
    `<text x="4" y="${y(highest) + 4}">${highest.toFixed(0)} h</text>`,
    ...legend,
    '</svg>',
    ''
  ].join('\n');
}
