import { backfillsSuite } from './data/backfills.js';
import { candlesSuite } from './data/candles.js';
import { exportsSuite } from './data/exports.js';
import { feedsSuite } from './data/feeds.js';
import { importsSuite } from './data/imports.js';
import { instrumentsSuite } from './data/instruments.js';
import { jobsSuite } from './data/jobs.js';
import { marketSuite } from './data/market.js';
import { qualitySuite } from './data/quality.js';
import { replaysSuite } from './data/replays.js';
import { everyPortOf } from './support/every-port.js';
import { sharedHouse } from './support/house.js';

const house = sharedHouse({
  FEEDS: 'sim',
  SIM_HISTORY_DAYS: '0',
  MARKET_BATCH_MS: '20',
  DATA_JOBS_RUNNING_MAX: '1',
  DATA_JOBS_QUEUED_MAX: '2',
  BACKFILLS_RUNNING_MAX: '1',
  REPLAYS_RUNNING_MAX: '2',
});

instrumentsSuite(house);
candlesSuite(house);
marketSuite(house);
feedsSuite(house);
importsSuite(house);
backfillsSuite(house);
exportsSuite(house);
qualitySuite(house);
jobsSuite(house);
replaysSuite(house);
everyPortOf('data', house);
