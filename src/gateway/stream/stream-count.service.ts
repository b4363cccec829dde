import { Injectable } from '@nestjs/common';
import { GatewayMetrics } from '../gateway.metrics.js';
import type { FrameCount } from './frame.js';
import type { Channel } from './messages.js';

/** Frames as the metrics count them. */
@Injectable()
export class StreamCount implements FrameCount {
  constructor(private readonly metrics: GatewayMetrics) {}

  made(channel: Channel): void {
    this.metrics.streamSerialised.inc({ channel });
  }

  sent(channel: Channel, clients: number): void {
    this.metrics.streamFrames.inc({ channel }, clients);
  }

  conflated(channel: Channel, clients: number): void {
    this.metrics.streamConflated.inc({ channel }, clients);
  }
}
