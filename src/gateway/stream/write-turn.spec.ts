import { describe, expect, it } from 'vitest';
import { WriteTurn } from './write-turn.adapter.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the end of a turn', () => {
  it('asks everybody who gathered something, once and in order', async () => {
    const writes = new WriteTurn();
    const asked: number[] = [];
    for (let n = 0; n < 50; n += 1) writes.add({ flush: () => void asked.push(n) });
    expect(asked).toEqual([]);
    await turn();
    expect(asked).toEqual(Array.from({ length: 50 }, (_, n) => n));
    writes.add({ flush: () => void asked.push(50) });
    await turn();
    expect(asked).toHaveLength(51);
  });

  it('lets others have their turn while a crowd is served', async () => {
    const writes = new WriteTurn();
    const crowd = { served: 0 };
    for (let n = 0; n < 10_000; n += 1) writes.add({ flush: () => void (crowd.served += 1) });
    const turns: number[] = [];
    while (crowd.served < 10_000) {
      await turn();
      turns.push(crowd.served);
    }
    expect(turns.length).toBeGreaterThanOrEqual(50);
    expect(Math.max(...turns.map((at, n) => at - (turns[n - 1] ?? 0)))).toBeLessThanOrEqual(200);
  });
});
