import { featuresSuite } from './ml/features.js';
import { modelsSuite } from './ml/models.js';
import { predictionsSuite } from './ml/predictions.js';
import { everyPortOf } from './support/every-port.js';
import { sharedHouse } from './support/house.js';

const house = sharedHouse();

featuresSuite(house);
modelsSuite(house);
predictionsSuite(house);
everyPortOf('ml', house);
