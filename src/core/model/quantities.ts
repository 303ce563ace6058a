const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A memory size in binary units, at most three digits: `512 B`, `310 MiB`, `1.5 GiB`. */
export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

/** A length of time in two units at most: `4.2 s`, `24.3 s`, `1 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) {
    return `${Number(seconds < 9.95 ? seconds.toPrecision(2) : seconds.toFixed(1))} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return pair(Math.floor(whole / 60), 'min', whole % 60, 's');
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) {
    return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  }
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** Two lengths of time that differ, in words that differ. */
export function durationPair(a: number, b: number): [string, string] {
  const short: [string, string] = [duration(a), duration(b)];
  return short[0] === short[1] ? [`${Number(a.toPrecision(10))} s`, `${Number(b.toPrecision(10))} s`] : short;
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}
