/** How every script says what it does: one line a step, with the seconds it took. */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { digest, readStamp, writeStamp } from './digest.mjs';
import { root } from './root.mjs';

const started = performance.now();

/** Seconds since `since` (of `performance.now()`), as people read them. */
export const seconds = since => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** An end that the reader can do something about: a sentence, and the output that led to it. */
export class Failure extends Error {
  constructor(message, detail = '') {
    super(message);
    this.detail = detail;
  }
}

/**
 * Does a piece of work unless it is done already.
 *
 * @param name what it makes, for the printed line
 * @param stamp file that remembers the digest of the inputs it was last done with; none: always done
 * @param inputs files, folders and plain values (objects) that decide the outcome
 * @param outputs files that must exist for the work to count as done
 * @param work may return a remark to print
 * @returns whether there was anything to do
 */
export async function step({ name, stamp, inputs = [], outputs = [], work }) {
  const label = name.padEnd(20);
  const hash = stamp && digest(inputs);
  if (stamp && readStamp(stamp) === hash && outputs.every(path => existsSync(path))) {
    process.stdout.write(`${label} up to date\n`);
    return false;
  }
  process.stdout.write(`${label} `);
  const since = performance.now();
  try {
    const remark = await work();
    process.stdout.write(`${seconds(since)}${remark ? `, ${remark}` : ''}\n`);
  } catch (error) {
    process.stdout.write(`failed after ${seconds(since)}\n`);
    throw error;
  }
  if (stamp) {
    writeStamp(stamp, hash);
  }
  return true;
}

/**
 * Runs a program to its end and returns what it printed.
 *
 * @param options.show pass its output on to the terminal instead of keeping it
 * @param options.log also write its output to this file
 * @throws Failure with the last lines of its output when it does not exit with 0
 */
export function run(command, args, { cwd = root, env = {}, show = false, log } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe']
    });
    if (log) {
      mkdirSync(dirname(log), { recursive: true });
    }
    const file = log && createWriteStream(log);
    let output = '';
    const keep = chunk => {
      output += chunk;
      file?.write(chunk);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.once('error', error => {
      file?.end();
      reject(new Failure(`${command} could not be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      file?.end();
      if (code === 0) {
        resolve(output);
      } else {
        const end = signal ? `was ended by ${signal}` : `exited with ${code}`;
        reject(new Failure(`${[command, ...args].join(' ')} ${end}.`, output));
      }
    });
  });
}

/** The last lines of a text. */
export const tail = (text, lines = 40) => text.trimEnd().split('\n').slice(-lines).join('\n');

/** Runs a whole script: prints a Failure as a sentence, anything else with its stack. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof Failure) {
      process.stderr.write(`\n${error.detail ? `${tail(error.detail)}\n\n` : ''}${error.message}\n`);
    } else {
      process.stderr.write(`\n${error instanceof Error ? error.stack : error}\n`);
    }
  }
}

/** Ends a script with the time that all of it took. */
export function done(sentence) {
  process.stdout.write(`${sentence} (${seconds(started)})\n`);
}
