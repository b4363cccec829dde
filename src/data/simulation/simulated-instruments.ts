/** One instrument of the simulated market: where it starts and how it behaves. Floats are fine here: nothing of it is money yet. */
export interface SimulatedInstrument {
  readonly id: string;
  /** Where the price begins, and what it drifts back to over months. */
  readonly startPrice: number;
  /** Digits after the point of the tick and of the lot. */
  readonly priceScale: number;
  readonly quantityScale: number;
  /** Standard deviation of yearly log returns, on average. */
  readonly annualVolatility: number;
  /** Correlation of its diffusive returns with the market's common factor, 0 to 1. */
  readonly commonLoading: number;
  /** Trades a second in an average hour. */
  readonly tradesPerSecond: number;
  /** Median size of a trade, in quote asset. */
  readonly tradeNotional: number;
  /** Distance of bid and ask in an average hour, as a ratio of price. */
  readonly spreadRatio: number;
  /** What rests on one of the first levels of the book, in quote asset. */
  readonly levelNotional: number;
}

/** The simulated venue. Tick and lot are those of the seeded instruments; a test holds the two together. */
export const simulatedInstruments: readonly SimulatedInstrument[] = [
  {
    id: 'BTC-USD.SIM',
    startPrice: 64_000,
    priceScale: 2,
    quantityScale: 5,
    annualVolatility: 0.55,
    commonLoading: 0.9,
    tradesPerSecond: 2,
    tradeNotional: 1_500,
    spreadRatio: 0.00003,
    levelNotional: 60_000,
  },
  {
    id: 'ETH-USD.SIM',
    startPrice: 3_400,
    priceScale: 2,
    quantityScale: 4,
    annualVolatility: 0.7,
    commonLoading: 0.86,
    tradesPerSecond: 1.5,
    tradeNotional: 1_000,
    spreadRatio: 0.00005,
    levelNotional: 40_000,
  },
  {
    id: 'SOL-USD.SIM',
    startPrice: 150,
    priceScale: 2,
    quantityScale: 3,
    annualVolatility: 0.9,
    commonLoading: 0.75,
    tradesPerSecond: 1,
    tradeNotional: 600,
    spreadRatio: 0.0001,
    levelNotional: 20_000,
  },
];

export const simulatedVenue = 'SIM';
