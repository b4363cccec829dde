import { configOf, env } from '../platform/config/config.js';
import { readFeedPlans } from './feeds/feed-plan.js';
import { readRetention, retentionAllowed } from './partitions/retention-rules.js';
import { ccxtFile } from './venues/ccxt/ccxt-names.adapter.js';
import { readVenueFees, readVenueUrls } from './venues/venue-settings.js';

/** What the market side of the server does and how much it may hold. */
export class DataConfig extends configOf(
  {
    feeds: env.list('FEEDS', {
      separator: ';',
      max: 50,
      default: ['sim'],
      about:
        'Market data feeds to run: sim is the simulated market, none runs no feed; venues with their pairs such as binance:BTC/USDT,ETH/USDT;kraken:BTC/USD;coinbase:BTC/USD;ccxt:bitstamp:BTC/USD.',
    }),
    venueUrls: env.list('VENUE_URLS', {
      max: 100,
      about:
        'Other addresses of venues, for mirrors: exchange.rest=URL and exchange.stream=URL, e.g. binance.rest=https://data-api.binance.vision.',
    }),
    venueFees: env.list('VENUE_FEES', {
      max: 50,
      about:
        'Your fees at venues, as exchange=maker/taker, e.g. binance=0.001/0.001; without, what the venue publishes or its ordinary ones.',
    }),
    streamStaleMs: env.integer('STREAM_STALE_MS', {
      default: 30_000,
      min: 1_000,
      max: 3_600_000,
      about:
        'Silence after which a stream of a venue is called stale and subscribed to again, in milliseconds.',
    }),
    tradeLatenessMs: env.integer('TRADE_LATENESS_MS', {
      default: 2_000,
      min: 0,
      max: 60_000,
      about: "How long after a minute's end its candle waits for late trades of a venue, in milliseconds.",
    }),
    simSpeed: env.float('SIM_SPEED', {
      default: 1,
      min: 0.1,
      max: 1000,
      about: 'Simulated seconds per real second.',
    }),
    simSeed: env.integer('SIM_SEED', {
      default: 1,
      min: 0,
      max: 2_147_483_647,
      about: 'Seed of the simulated market; the same seed and start minute give the same market.',
    }),
    simHistoryDays: env.integer('SIM_HISTORY_DAYS', {
      default: 7,
      min: 0,
      max: 60,
      about:
        'Days of simulated history written before the first start; also the most that is filled after a pause.',
    }),
    marketBatchMs: env.integer('MARKET_BATCH_MS', {
      default: 250,
      min: 20,
      max: 5_000,
      about: 'How often what the market did is passed on, in milliseconds.',
    }),
    candleUpdateMs: env.integer('CANDLE_UPDATE_MS', {
      default: 1_000,
      min: 100,
      max: 60_000,
      about: 'Least time between two updates of an open candle, in milliseconds.',
    }),
    quoteStaleMs: env.integer('QUOTE_STALE_MS', {
      default: 30_000,
      min: 1_000,
      max: 3_600_000,
      about: 'Age at which a quote is called stale, in milliseconds.',
    }),
    tickFutureMsMax: env.integer('TICK_FUTURE_MS_MAX', {
      default: 5_000,
      min: 0,
      max: 3_600_000,
      about: 'How far ahead of our clock the time of a tick may be, in milliseconds.',
    }),
    tickAgeMsMax: env.integer('TICK_AGE_MS_MAX', {
      default: 120_000,
      min: 1_000,
      max: 86_400_000,
      about: 'How old a tick may be when it arrives, in milliseconds.',
    }),
    feedQueueMax: env.integer('FEED_QUEUE_MAX', {
      default: 100_000,
      min: 1_000,
      max: 10_000_000,
      about: 'Ticks of one feed that may wait to be taken in; more are refused and counted.',
    }),
    retention: env.text('RETENTION', {
      default: 'trades 7d, simulated-trades 24h, 1m 2y, 1h forever',
      about:
        'How long what was recorded live is kept, at least, in h, d, w or y; a timeframe speaks for larger ones too. What was imported stays.',
    }),
    importBytesMax: env.integer('IMPORT_BYTES_MAX', {
      default: 268_435_456,
      min: 1_024,
      max: 17_179_869_184,
      about: 'Largest body of an import as it is sent, in bytes.',
    }),
    importUnpackedBytesMax: env.integer('IMPORT_UNPACKED_BYTES_MAX', {
      default: 2_147_483_648,
      min: 1_024,
      max: 68_719_476_736,
      about: 'Largest import once unpacked, in bytes.',
    }),
    jobsRunningMax: env.integer('DATA_JOBS_RUNNING_MAX', {
      default: 1,
      min: 1,
      max: 4,
      about: 'Imports that run at the same time.',
    }),
    jobsQueuedMax: env.integer('DATA_JOBS_QUEUED_MAX', {
      default: 20,
      min: 1,
      max: 1_000,
      about: 'Imports, and as many backfills, that may wait for their turn; more are refused.',
    }),
    backfillsRunningMax: env.integer('BACKFILLS_RUNNING_MAX', {
      default: 2,
      min: 1,
      max: 16,
      about: 'Backfills that run at the same time, beside the imports.',
    }),
    repairSeconds: env.integer('REPAIR_SECONDS', {
      default: 60,
      min: 0,
      max: 86_400,
      about: 'How often minutes of live instruments are looked over for gaps, in seconds; 0 never.',
    }),
    repairDays: env.integer('REPAIR_DAYS', {
      default: 7,
      min: 1,
      max: 60,
      about:
        'How far back gaps of live instruments are repaired by themselves, in days; older ones take a backfill.',
    }),
    replaysRunningMax: env.integer('REPLAYS_RUNNING_MAX', {
      default: 4,
      min: 1,
      max: 50,
      about: 'Replays that may run at the same time; more are refused.',
    }),
    dataDir: env.text('DATA_DIR', {
      default: './var',
      about: 'Folder for everything the server keeps on this machine, its own database among it.',
    }),
  },
  ({ feeds, venueUrls, venueFees, retention }) => {
    const of = (variable: string, faults: readonly { found: string; allowed: string }[]) =>
      faults.map(({ found, allowed }) => ({ variable, found: JSON.stringify(found.slice(0, 200)), allowed }));
    const { plans, faults } = readFeedPlans(feeds);
    const unknown = plans.flatMap(({ kind, exchange }) =>
      kind === 'ccxt' && ccxtFile(exchange) === null
        ? [{ found: exchange, allowed: 'an exchange of ccxt by its own name, e.g. ccxt:bitstamp:BTC/USD' }]
        : [],
    );
    return [
      ...of('FEEDS', [...faults, ...unknown]),
      ...of('VENUE_URLS', readVenueUrls(venueUrls).faults),
      ...of('VENUE_FEES', readVenueFees(venueFees).faults),
      ...of(
        'RETENTION',
        readRetention(retention) === null ? [{ found: retention, allowed: retentionAllowed }] : [],
      ),
    ];
  },
) {}
