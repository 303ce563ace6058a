/** One call of a traceback: where it was made and the line itself. */
export interface IFrame {
  readonly file: string;
  readonly line: number;
  /** What was running there. */
  readonly within: string;
  /** The lines of code below it, as they are told. */
  readonly code: readonly string[];
  /** Whether it is in a library, and not in what the user wrote. */
  readonly isLibrary: boolean;
}

/** A part of a traceback: calls of the user's, calls within libraries, or what stands between calls. */
export type TracebackPart =
  | { readonly kind: 'own' | 'library'; readonly frames: readonly IFrame[] }
  | { readonly kind: 'text'; readonly lines: readonly string[] };

const FRAME = /^(\s*)File "([^"]+)", line (\d+)(?:, in (.+))?$/;

/** Folders in which Python keeps what is installed, and files that are none. */
const LIBRARY =
  /[\\/](?:site|dist)-packages[\\/]|[\\/]lib(?:64)?[\\/]python\d|^<frozen |^<string>$|[\\/]jupyterlab_saturn[\\/]|[\\/]torch[\\/]/;

/** Take a traceback of Python apart. Nothing of it is left out. */
export function tracebackParts(text: string): TracebackPart[] {
  const parts: TracebackPart[] = [];
  const lines = text.replace(/\s+$/, '').split('\n');
  for (let i = 0; i < lines.length; ) {
    const frame = frameAt(lines, i);
    if (frame === null) {
      put(parts, lines[i] as string);
      i += 1;
    } else {
      putFrame(parts, frame);
      i += 1 + frame.code.length;
    }
  }
  return parts;
}

/** Where the user's own code was when it failed; null when none of it is in a traceback. */
export function ownFrame(parts: readonly TracebackPart[]): IFrame | null {
  return parts.flatMap(part => (part.kind === 'own' ? part.frames : [])).at(-1) ?? null;
}

/** The library that calls are within, where its name is in a path: `torch`. */
export function libraryNames(frames: readonly IFrame[]): string[] {
  return [...new Set(frames.flatMap(({ file }) => libraryOf(file) ?? []))];
}

function libraryOf(file: string): string | undefined {
  const installed = /[\\/](?:site|dist)-packages[\\/]([^\\/.]+)/.exec(file);
  return installed?.[1] ?? (/[\\/](jupyterlab_saturn|torch)[\\/]/.exec(file)?.[1] || undefined);
}

/** The call that a line begins, with the lines below that belong to it. */
function frameAt(lines: readonly string[], start: number): IFrame | null {
  const found = FRAME.exec(lines[start] as string);
  if (!found) {
    return null;
  }
  const [, indent = '', file = '', line, within = ''] = found;
  let end = start + 1;
  while (end < lines.length && isBelow(lines[end] as string, indent)) {
    end += 1;
  }
  const code = lines.slice(start + 1, end);
  return { file, line: Number(line), within, code, isLibrary: LIBRARY.test(file) };
}

/** Whether a line of code stands below the line of a call, which is indented less. */
function isBelow(line: string, indent: string): boolean {
  return line.startsWith(`${indent} `) && !FRAME.test(line);
}

function put(parts: TracebackPart[], line: string): void {
  const last = parts.at(-1);
  if (last?.kind === 'text') {
    parts[parts.length - 1] = { kind: 'text', lines: [...last.lines, line] };
  } else {
    parts.push({ kind: 'text', lines: [line] });
  }
}

function putFrame(parts: TracebackPart[], frame: IFrame): void {
  const kind = frame.isLibrary ? 'library' : 'own';
  const last = parts.at(-1);
  if (last?.kind === kind) {
    parts[parts.length - 1] = { kind, frames: [...last.frames, frame] };
  } else {
    parts.push({ kind, frames: [frame] });
  }
}
