import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CandleRepository } from './candles/candle.repository.js';
import { CandlesService } from './candles/candles.service.js';
import { LiveCandles } from './candles/live-candles.service.js';
import { Backfills } from './contract/backfills.js';
import { Candles } from './contract/candles.js';
import { Exports } from './contract/exports.js';
import { Feeds } from './contract/feeds.js';
import { Imports } from './contract/imports.js';
import { Instruments } from './contract/instruments.js';
import { DataJobs } from './contract/jobs.js';
import { Market } from './contract/quotes.js';
import { Quality } from './contract/quality.js';
import { Replays } from './contract/replays.js';
import { Spool } from './contract/spool.js';
import { ExportsService } from './exports/exports.service.js';
import { FeedsService } from './feeds/feeds.service.js';
import { Ingest } from './feeds/ingest.service.js';
import { MarketOutbox } from './feeds/market-outbox.service.js';
import { Suspicions } from './feeds/suspicions.js';
import { MarketStream } from './feeds/market-stream.service.js';
import { VenueFeeds } from './feeds/venue-feeds.service.js';
import { BackfillsService } from './history/backfills.service.js';
import { HistoryRepository } from './history/history.repository.js';
import { HistoryWriter } from './history/history-writer.service.js';
import { VenueAsk } from './history/venue-ask.service.js';
import { DeriveCandles } from './imports/derive-candles.repository.js';
import { ImportStage } from './imports/import-stage.repository.js';
import { ImportsService } from './imports/imports.service.js';
import { SpoolAdapter } from './imports/spool.adapter.js';
import { InstrumentEntity } from './instruments/instrument.entity.js';
import { InstrumentRepository } from './instruments/instrument.repository.js';
import { InstrumentsService } from './instruments/instruments.service.js';
import { JobRepository } from './jobs/job.repository.js';
import { JobsService } from './jobs/jobs.service.js';
import { MarketService } from './market/market.service.js';
import { TradeRepository } from './market/trade.repository.js';
import { PartitionRepository } from './partitions/partition.repository.js';
import { Partitions } from './partitions/partitions.service.js';
import { Retention } from './partitions/retention.service.js';
import { QualityRepository } from './quality/quality.repository.js';
import { QualityService } from './quality/quality.service.js';
import { TickFaults } from './quality/tick-faults.service.js';
import { GapFinder } from './repairs/gap-finder.service.js';
import { RepairWork } from './repairs/repair-work.service.js';
import { RepairsService } from './repairs/repairs.service.js';
import { RepairRepository } from './repairs/repair.repository.js';
import { ReplayMaterial } from './replays/replay-material.service.js';
import { ReplayRepository } from './replays/replay.repository.js';
import { ReplaysService } from './replays/replays.service.js';
import { SimulatedFeed } from './simulation/simulated-feed.adapter.js';
import { CcxtFeeds } from './venues/ccxt/ccxt-feeds.service.js';
import { VenueHistories } from './venues/venue-histories.service.js';
import { VenueMarkets } from './venues/venue-markets.service.js';

/** What TypeORM maps; the root names them when it opens the database. */
export const dataEntities = [InstrumentEntity] as const;

const providers: Provider[] = [
  InstrumentRepository,
  InstrumentsService,
  PartitionRepository,
  Partitions,
  Retention,
  CandleRepository,
  CandlesService,
  LiveCandles,
  TradeRepository,
  MarketService,
  MarketStream,
  MarketOutbox,
  Ingest,
  SimulatedFeed,
  VenueMarkets,
  VenueFeeds,
  CcxtFeeds,
  FeedsService,
  JobRepository,
  JobsService,
  SpoolAdapter,
  ImportStage,
  DeriveCandles,
  ImportsService,
  ReplayRepository,
  ReplayMaterial,
  ReplaysService,
  VenueHistories,
  HistoryRepository,
  HistoryWriter,
  VenueAsk,
  BackfillsService,
  ExportsService,
  QualityRepository,
  QualityService,
  TickFaults,
  RepairRepository,
  Suspicions,
  GapFinder,
  RepairWork,
  RepairsService,
  { provide: Instruments, useExisting: InstrumentsService },
  { provide: Candles, useExisting: CandlesService },
  { provide: Market, useExisting: MarketService },
  { provide: Feeds, useExisting: FeedsService },
  { provide: DataJobs, useExisting: JobsService },
  { provide: Spool, useExisting: SpoolAdapter },
  { provide: Imports, useExisting: ImportsService },
  { provide: Replays, useExisting: ReplaysService },
  { provide: Backfills, useExisting: BackfillsService },
  { provide: Exports, useExisting: ExportsService },
  { provide: Quality, useExisting: QualityService },
];

/** Market truth: what the venues said, as it came in, and the candles made of it. */
@Module({})
export class DataModule {
  static create(): DynamicModule {
    return {
      module: DataModule,
      imports: [TypeOrmModule.forFeature([...dataEntities])],
      providers,
      exports: [
        Instruments,
        Candles,
        Market,
        Feeds,
        DataJobs,
        Spool,
        Imports,
        Replays,
        Backfills,
        Exports,
        Quality,
      ],
    };
  }
}
