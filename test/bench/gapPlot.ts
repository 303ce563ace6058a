/** Gap of one run over time, as `[seconds, share]`, each holding until the next. */
export type GapCurve = [number, number][];

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 60;
const RIGHT = 130;
const TOP = 30;
const BOTTOM = 45;
const COLOURS = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#555'
];

/** The median gap of each case over time, both axes logarithmic, as an SVG document. */
export function gapPlot(cases: { name: string; curves: GapCurve[] }[], seconds: number): string {
  const times = Array.from({ length: 61 }, (_, i) => 0.001 * (seconds / 0.001) ** (i / 60));
  const [low, high] = [1e-4, 0.3];
  const x = (time: number) =>
    LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(time / times[0]!)) / Math.log(seconds / times[0]!);
  const y = (gap: number) =>
    TOP +
    ((HEIGHT - TOP - BOTTOM) * Math.log(high / Math.min(high, Math.max(low, gap)))) / Math.log(high / low);
  const grid = [0.001, 0.01, 0.1, 1, 10, 100]
    .filter(time => time <= seconds)
    .map(
      time =>
        `<line x1="${x(time)}" x2="${x(time)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#ddd"/>` +
        `<text x="${x(time)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${time} s</text>`
    );
  const levels = [1e-4, 1e-3, 1e-2, 1e-1].map(
    gap =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(gap)}" y2="${y(gap)}" stroke="#ddd"/>` +
      `<text x="${LEFT - 6}" y="${y(gap) + 4}" text-anchor="end">${100 * gap} %</text>`
  );
  const lines = cases.map(({ name, curves }, i) => {
    const points = times.flatMap(time => {
      const gaps = curves.map(curve => gapAt(curve, time)).sort((a, b) => a - b);
      const median = gaps[Math.floor(gaps.length / 2)] ?? Infinity;
      return Number.isFinite(median) ? [`${x(time).toFixed(1)},${y(median).toFixed(1)}`] : [];
    });
    const colour = COLOURS[i % COLOURS.length];
    const label = TOP + 16 * i + 10;
    return (
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(' ')}"/>` +
      `<text x="${WIDTH - RIGHT + 12}" y="${label}" fill="${colour}">${name}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${LEFT}" y="18">Median gap to the final lower bound, over search time</text>`,
    ...grid,
    ...levels,
    ...lines,
    '</svg>\n'
  ].join('\n');
}

function gapAt(curve: GapCurve, time: number): number {
  let gap = Infinity;
  for (const [since, value] of curve) {
    if (since <= time) {
      gap = value;
    }
  }
  return gap;
}
