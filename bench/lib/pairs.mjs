/** Measures ours and the peer in turn; the first pair warms both up and is not counted. */
export async function measurePairs({ ours, peer }, pairs, tick) {
  await ours();
  await peer?.();
  const measured = [];
  for (let n = 0; n < pairs; n += 1) {
    measured.push({ ours: await ours(), ...(peer ? { peer: await peer() } : {}) });
    tick();
  }
  return measured;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
