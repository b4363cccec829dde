import type { Counter, Gauge, Histogram, Metrics } from '../kernel/metrics.js';

export interface DataMetrics {
  readonly ticks: Counter<'feed' | 'outcome'>;
  readonly ticksDropped: Counter<'what'>;
  readonly tradesStored: Counter<'origin'>;
  readonly rowsExpired: Counter<'table'>;
  readonly partitionsMade: Counter<'table'>;
  readonly partitionsDropped: Counter<'table'>;
  readonly candlesStored: Counter<'timeframe' | 'source'>;
  readonly feedLagSeconds: Gauge<'feed'>;
  readonly storeSeconds: Histogram;
  readonly storeFailures: Counter;
  readonly quoteReads: Counter<'outcome'>;
  readonly candleReads: Counter<'from'>;
  readonly importRows: Counter<'kind' | 'outcome'>;
  readonly venueCandles: Counter<'outcome'>;
  readonly venueFaults: Counter<'kind'>;
  readonly gapsFound: Counter<'reason'>;
  readonly repairs: Counter<'outcome'>;
  readonly exportRows: Counter<'kind'>;
  readonly jobs: Counter<'kind' | 'state'>;
  readonly jobSeconds: Histogram<'kind'>;
  readonly replaySteps: Counter<'kind'>;
  readonly replays: Counter<'state'>;
  readonly venueRequests: Counter<'venue' | 'outcome'>;
  readonly venueRequestSeconds: Histogram<'venue'>;
  readonly feedReconnects: Counter<'feed' | 'reason'>;
  feedStreams(
    read: () => { value: number; labels: { feed: string; channel: string; state: string } }[],
  ): void;
  readonly streamEvents: Counter<'feed' | 'channel' | 'event'>;
  feedSkew(read: () => { value: number; labels: { feed: string } }[]): void;
  feedsUp(read: () => { value: number; labels: { feed: string } }[]): void;
  readonly numbersRefused: Counter<'venue' | 'why'>;
  queue(read: () => { value: number; labels: { feed: string } }[]): void;
  outbox(read: () => { value: number; labels: { what: string } }[]): void;
  instruments(read: () => number): void;
  recentCandles(read: () => number): void;
  inventories(read: () => number): void;
  partitions(read: () => { value: number; labels: { table: string } }[]): void;
  jobsOpen(read: () => { value: number; labels: { state: string } }[]): void;
  replaysOpen(read: () => number): void;
}

/** Everything `data` counts. Feeds, timeframes, reasons and kinds are few and fixed, so every label is bounded. */
export function dataMetrics(metrics: Metrics): DataMetrics {
  return {
    ticks: metrics.counter({
      name: 'data_ticks_total',
      help: 'Ticks by feed and outcome: accepted, or the reason they were refused for.',
      labels: ['feed', 'outcome'],
    }),
    ticksDropped: metrics.counter({
      name: 'data_stream_dropped_total',
      help: 'Trades left out of the stream or of storage because their reader was too slow, by what lost them.',
      labels: ['what'],
    }),
    tradesStored: metrics.counter({
      name: 'data_trades_stored_total',
      help: 'Trades written to storage, by origin (feed or import).',
      labels: ['origin'],
    }),
    rowsExpired: metrics.counter({
      name: 'data_expired_rows_total',
      help: 'Rows of the live market that went because they were older than their retention, by table.',
      labels: ['table'],
    }),
    partitionsMade: metrics.counter({
      name: 'data_partitions_made_total',
      help: 'Partitions made, ahead of time or for rows that needed them, by table.',
      labels: ['table'],
    }),
    partitionsDropped: metrics.counter({
      name: 'data_partitions_dropped_total',
      help: 'Partitions dropped because everything in them was older than its retention, by table.',
      labels: ['table'],
    }),
    candlesStored: metrics.counter({
      name: 'data_candles_stored_total',
      help: 'Closed candles written to storage, by timeframe and source.',
      labels: ['timeframe', 'source'],
    }),
    feedLagSeconds: metrics.gauge({
      name: 'data_feed_lag_seconds',
      help: "Time from a feed's newest tick to its being taken in, on the feed's clock.",
      labels: ['feed'],
    }),
    storeSeconds: metrics.histogram({
      name: 'data_store_seconds',
      help: 'Time to store one batch of live trades and closed candles.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    }),
    storeFailures: metrics.counter({
      name: 'data_store_failures_total',
      help: 'Batches of live trades and candles that could not be stored and were tried again.',
    }),
    quoteReads: metrics.counter({
      name: 'data_quote_reads_total',
      help: 'Quotes asked for, by outcome: fresh, stale or none.',
      labels: ['outcome'],
    }),
    candleReads: metrics.counter({
      name: 'data_candle_reads_total',
      help: 'Lists of candles answered, from memory or from storage.',
      labels: ['from'],
    }),
    importRows: metrics.counter({
      name: 'data_import_rows_total',
      help: 'Rows of imports, by kind and what became of them.',
      labels: ['kind', 'outcome'],
    }),
    venueCandles: metrics.counter({
      name: 'data_venue_candles_total',
      help: 'Past candles told by venues, by what became of them.',
      labels: ['outcome'],
    }),
    venueFaults: metrics.counter({
      name: 'data_venue_faults_total',
      help: 'Questions about the past that a venue did not answer as it should, by kind of fault.',
      labels: ['kind'],
    }),
    gapsFound: metrics.counter({
      name: 'data_gaps_found_total',
      help: 'Stretches of live minutes found missing (hole) or closed too early (late).',
      labels: ['reason'],
    }),
    repairs: metrics.counter({
      name: 'data_repairs_total',
      help: 'Attempts at repairs of live candles, by what came of them.',
      labels: ['outcome'],
    }),
    exportRows: metrics.counter({
      name: 'data_export_rows_total',
      help: 'Rows read for exports, by kind.',
      labels: ['kind'],
    }),
    jobs: metrics.counter({
      name: 'data_jobs_total',
      help: 'Jobs that ended, by kind and final state.',
      labels: ['kind', 'state'],
    }),
    jobSeconds: metrics.histogram({
      name: 'data_job_seconds',
      help: 'Running time of jobs, by kind.',
      labels: ['kind'],
      buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800],
    }),
    replaySteps: metrics.counter({
      name: 'data_replay_steps_total',
      help: 'Steps played by replays, by kind (candles or trades).',
      labels: ['kind'],
    }),
    replays: metrics.counter({
      name: 'data_replays_total',
      help: 'Replays that ended, by final state.',
      labels: ['state'],
    }),
    venueRequests: metrics.counter({
      name: 'data_venue_requests_total',
      help: 'Calls to the REST interfaces of venues, by outcome: ok, or what went wrong.',
      labels: ['venue', 'outcome'],
    }),
    venueRequestSeconds: metrics.histogram({
      name: 'data_venue_request_seconds',
      help: 'From asking a venue over REST to its whole answer.',
      labels: ['venue'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    feedReconnects: metrics.counter({
      name: 'data_feed_reconnects_total',
      help: 'Connections to venues that were lost, by feed and reason.',
      labels: ['feed', 'reason'],
    }),
    feedStreams: (read) =>
      metrics.observed(
        {
          name: 'data_feed_streams',
          help: 'Streams of venues by feed, channel and state; stale ones by that name.',
          labels: ['feed', 'channel', 'state'],
        },
        read,
      ),
    streamEvents: metrics.counter({
      name: 'data_feed_stream_events_total',
      help: 'What happened to streams of venues: message, gap (something is missing), resync (whole again).',
      labels: ['feed', 'channel', 'event'],
    }),
    feedSkew: (read) =>
      metrics.observed(
        {
          name: 'data_feed_clock_skew_seconds',
          help: "A venue's clock minus ours, by feed.",
          labels: ['feed'],
        },
        read,
      ),
    feedsUp: (read) =>
      metrics.observed(
        {
          name: 'data_feed_up',
          help: 'One for a feed that runs, 0 for one that does not.',
          labels: ['feed'],
        },
        read,
      ),
    numbersRefused: metrics.counter({
      name: 'data_venue_numbers_refused_total',
      help: 'Numbers of a venue that could not be proven to be what it wrote, by reason.',
      labels: ['venue', 'why'],
    }),
    queue: (read) =>
      metrics.observed(
        { name: 'data_feed_queue_ticks', help: 'Ticks waiting to be taken in, by feed.', labels: ['feed'] },
        read,
      ),
    outbox: (read) =>
      metrics.observed(
        {
          name: 'data_store_waiting_rows',
          help: 'Live trades and candles waiting to be stored.',
          labels: ['what'],
        },
        read,
      ),
    instruments: (read) => metrics.observed({ name: 'data_instruments', help: 'Instruments known.' }, read),
    recentCandles: (read) =>
      metrics.observed({ name: 'data_recent_candles', help: 'Newest candles held in memory.' }, read),
    partitions: (read) =>
      metrics.observed(
        { name: 'data_partitions', help: 'Partitions there are, by table.', labels: ['table'] },
        read,
      ),
    inventories: (read) =>
      metrics.observed({ name: 'data_series_inventories', help: 'Series whose gaps are remembered.' }, read),
    jobsOpen: (read) =>
      metrics.observed(
        { name: 'data_jobs_open', help: 'Jobs waiting and running.', labels: ['state'] },
        read,
      ),
    replaysOpen: (read) => metrics.observed({ name: 'data_replays_running', help: 'Replays running.' }, read),
  };
}
