import { Module } from '@nestjs/common';
import { GatewayMetrics } from '../gateway.metrics.js';
import { Limits } from './limits.service.js';

/** Apart from the gateway itself, because the throttler's module needs the storage before the gateway is made. */
@Module({ providers: [Limits, GatewayMetrics], exports: [Limits, GatewayMetrics] })
export class LimitsModule {}
