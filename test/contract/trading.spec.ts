import { everyPortOf } from './support/every-port.js';
import { sharedHouse } from './support/house.js';
import { accountsSuite } from './trading/accounts.js';
import { amendmentsSuite } from './trading/amendments.js';
import { denialsSuite } from './trading/denials.js';
import { globalRiskSuite } from './trading/global-risk.js';
import { orderListsSuite } from './trading/order-lists.js';
import { ordersSuite } from './trading/orders.js';
import { portfolioSuite } from './trading/portfolio.js';
import { riskSuite } from './trading/risk.js';
import { unknownOrdersSuite } from './trading/unknown-orders.js';
import { strategiesSuite } from './trading/strategies.js';
import { waitingOrdersSuite } from './trading/waiting-orders.js';

const house = sharedHouse();

accountsSuite(house);
ordersSuite(house);
unknownOrdersSuite(house);
denialsSuite(house);
amendmentsSuite(house);
waitingOrdersSuite(house);
orderListsSuite(house);
riskSuite(house);
globalRiskSuite(house);
portfolioSuite(house);
strategiesSuite(house);
everyPortOf('trading', house);
