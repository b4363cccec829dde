/** A plain L2 book: levels in an array sorted by price, best first; found by halving, put in and taken out by splice. */
export class SortedArrayBook {
  bids = { direction: 1, prices: [], levels: [] };
  asks = { direction: -1, prices: [], levels: [] };
  apply(bids, asks) {
    for (const level of bids) change(this.bids, level);
    for (const level of asks) change(this.asks, level);
  }
}

function change({ direction, prices, levels }, level) {
  const price = Number(level[0]);
  let low = 0;
  for (let high = prices.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((prices[middle] - price) * direction > 0) low = middle + 1;
    else high = middle;
  }
  const known = prices[low] === price;
  if (Number(level[1]) === 0) {
    if (!known) return;
    prices.splice(low, 1);
    levels.splice(low, 1);
  } else if (known) {
    levels[low] = level;
  } else {
    prices.splice(low, 0, price);
    levels.splice(low, 0, level);
  }
}
