import * as ws from 'ws';
import { describe, expect, it } from 'vitest';
import { textFrame } from './wire-frame.js';

/** What a WebSocket client reads out of the bytes. */
async function read(bytes: Buffer): Promise<string[]> {
  // The package has it, its types do not.
  const receiver = new (ws as any).Receiver({ isServer: false });
  const heard: string[] = [];
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    expect(isBinary).toBe(false);
    heard.push(data.toString());
  });
  await new Promise((resolve, reject) => {
    receiver.on('error', reject);
    receiver.on('finish', resolve);
    receiver.end(bytes);
  });
  return heard;
}

describe('a frame of text', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])(
    'of %d bytes is read as it was written',
    async (length) => {
      const text = 'x'.repeat(length);
      expect(await read(textFrame(text))).toEqual([text]);
    },
  );

  it('counts its bytes, not its characters', async () => {
    const text = 'é€😀'.repeat(20);
    expect(await read(textFrame(text))).toEqual([text]);
  });

  it('stands beside others without a seam', async () => {
    expect(await read(Buffer.concat(['a', '', 'ccc'].map(textFrame)))).toEqual(['a', '', 'ccc']);
  });
});
