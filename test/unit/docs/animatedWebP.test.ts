import { describe, expect, it } from 'vitest';
import { animatedWebP } from '../../tour/animatedWebP.js';

/** A lossy WebP file of a size, as far as its head; `pixels` stands for all that is drawn. */
function still(width: number, height: number, pixels: string): Buffer {
  const head = Buffer.from([0x30, 1, 0, 0x9d, 1, 0x2a, 0, 0, 0, 0]);
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  return riff(chunk('VP8 ', Buffer.concat([head, Buffer.from(pixels)])));
}

function chunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8, name);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

const riff = (...chunks: Buffer[]) => chunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));

/** Names and contents of the chunks from a place on. */
function chunks(file: Buffer, from: number): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  for (let at = from; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    found.push([file.toString('latin1', at, at + 4), file.subarray(at + 8, at + 8 + length)]);
    at += 8 + length + (length % 2);
  }
  return found;
}

describe('an animation of stills', () => {
  const stills = [still(640, 400, 'a'), still(640, 400, 'bc'), still(640, 400, 'd')];
  const file = animatedWebP(stills, 500);

  it('has a frame each, in their order, with their pixels as they were', () => {
    const frames = chunks(file, 12).filter(([name]) => name === 'ANMF');
    expect(frames.map(([, frame]) => riff(frame.subarray(16)))).toEqual(stills);
  });

  it('says its size, how long a frame is shown, and that it repeats', () => {
    const all = chunks(file, 12);
    expect(all.map(([name]) => name)).toEqual(['VP8X', 'ANIM', 'ANMF', 'ANMF', 'ANMF']);
    const [header, loop, frame] = all.map(([, content]) => content) as [Buffer, Buffer, Buffer];
    expect([header.readUIntLE(4, 3), header.readUIntLE(7, 3)]).toEqual([639, 399]);
    expect(loop.readUInt16LE(4)).toBe(0);
    expect(frame.readUIntLE(12, 3)).toBe(500);
    expect(file.readUInt32LE(4)).toBe(file.length - 8);
  });

  it('refuses stills of several sizes, or of another kind', () => {
    expect(() => animatedWebP([still(640, 400, 'a'), still(320, 200, 'b')], 500)).toThrow(/one size/);
    expect(() => animatedWebP([riff(chunk('VP8L', Buffer.from('x')))], 500)).toThrow(/no lossy/);
    expect(() => animatedWebP([], 500)).toThrow(/needs a picture/);
  });
});
