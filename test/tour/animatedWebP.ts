/**
 * Stills as one animation that repeats. WebP keeps an animation as the stills' own chunks, each in a frame of its own, so
 * that nothing has to be encoded again: https://developers.google.com/speed/webp/docs/riff_container.
 *
 * @param stills - lossy WebP files of one size.
 * @param milliseconds - how long each is shown.
 */
export function animatedWebP(stills: readonly Buffer[], milliseconds: number): Buffer {
  const [first] = stills;
  if (first === undefined) {
    throw new Error('An animation needs a picture.');
  }
  const size = sizeOf(first);
  const header = Buffer.alloc(10);
  header.writeUInt8(ANIMATION, 0);
  header.writeUIntLE(size.width - 1, 4, 3);
  header.writeUIntLE(size.height - 1, 7, 3);
  // A background that is not used, and no end to the repetitions.
  const loop = Buffer.alloc(6);
  const frames = stills.map(still => {
    const { width, height } = sizeOf(still);
    if (width !== size.width || height !== size.height) {
      throw new Error('The pictures of an animation have one size.');
    }
    const frame = Buffer.alloc(16);
    frame.writeUIntLE(width - 1, 6, 3);
    frame.writeUIntLE(height - 1, 9, 3);
    frame.writeUIntLE(milliseconds, 12, 3);
    frame.writeUInt8(OPAQUE, 15);
    return chunk('ANMF', Buffer.concat([frame, chunk('VP8 ', lossy(still))]));
  });
  return chunk(
    'RIFF',
    Buffer.concat([Buffer.from('WEBP'), chunk('VP8X', header), chunk('ANIM', loop), ...frames])
  );
}

/** Flag of a file that is an animation. */
const ANIMATION = 2;
/** Flag of a frame that replaces what is under it. */
const OPAQUE = 2;

/** A chunk with its length; chunks begin at even places. */
function chunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8, name);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

/** What is in the chunk of a file that has its pixels. */
function lossy(file: Buffer): Buffer {
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    if (file.toString('latin1', at, at + 4) === 'VP8 ') {
      return file.subarray(at + 8, at + 8 + length);
    }
    at += 8 + length + (length % 2);
  }
  throw new Error('This is no lossy WebP file.');
}

/** By the head of its key frame: a tag, a start code, then both sides. */
function sizeOf(file: Buffer): { width: number; height: number } {
  const pixels = lossy(file);
  const side = (at: number) => pixels.readUInt16LE(at) & 0x3fff;
  return { width: side(6), height: side(8) };
}
