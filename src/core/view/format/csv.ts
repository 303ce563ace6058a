/** What a spreadsheet would take for a formula; a number below zero is none. */
const FORMULA = /^[=+@\t\r]|^-(?![\d.])/;

/** What may be in a field of CSV; nothing when it is not known. */
export type CsvValue = string | number | null | undefined;

/** Lines of fields as RFC 4180 has them. What a spreadsheet would calculate is marked as text. */
export function csv(lines: readonly (readonly CsvValue[])[]): string {
  return lines.map(line => `${line.map(field).join(',')}\r\n`).join('');
}

function field(value: CsvValue): string {
  if (value === undefined || value === null) {
    return '';
  }
  if (typeof value === 'number') {
    return String(Number(value.toPrecision(15)));
  }
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
