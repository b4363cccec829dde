import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { JobChanged } from '../../data/contract/events.js';
import { DataJobs, type Job } from '../../data/contract/jobs.js';
import { Problem, problem } from '../../kernel/errors.js';
import { EventBus, type SourceConnected, type Subscription } from '../../kernel/events.js';
import { Ids } from '../../kernel/ids.js';
import { hasRole, type Principal } from '../../kernel/principal.js';
import { Clock } from '../../kernel/time.js';
import type { ServiceInstance } from '../contract/queries.js';
import { ServicesView } from '../services/services-view.service.js';
import type { TopicName, WatchChannel } from './messages.js';
import { StreamCount } from './stream-count.service.js';
import type { Topic } from './topic.js';
import { Topics, type StateRead } from './topics.js';
import { foldJob, jobsShown, servicesDiffer } from './watch-state.js';

const subscriber = 'gateway.stream';
const everything = 'all';
/** How often services are looked at while somebody watches them. */
const lookEveryMs = 1_000;

/** A watched channel; of jobs there is one for each owner and one for those who see all. */
interface WatchName extends TopicName {
  readonly channel: WatchChannel;
  readonly principal: Principal;
}

/** The channels about the server itself: `services`, looked at while somebody watches, and `jobs`, told by events. */
@Injectable()
export class WatchTopics implements OnModuleInit, OnModuleDestroy {
  readonly topics: Topics<WatchName>;
  private subscriptions: Subscription[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly events: EventBus,
    private readonly jobs: DataJobs,
    private readonly services: ServicesView,
    private readonly host: HttpAdapterHost,
    private readonly clock: Clock,
    ids: Ids,
    count: StreamCount,
  ) {
    this.topics = new Topics<WatchName>({
      count,
      later: (ms, act) => void setTimeout(act, ms).unref(),
      nextEpoch: () => ids.next(),
      check: () => Promise.resolve(),
      empty: () => ({ state: [], timeMs: clock.nowMs() }),
      read: (name) => this.read(name),
    });
  }

  onModuleInit(): void {
    this.subscriptions = [
      this.events.subscribe<JobChanged>('data.job-changed', subscriber, (event) => this.onJob(event)),
      this.events.subscribe<SourceConnected>('events.source-connected', subscriber, () =>
        this.topics.renewAll(),
      ),
    ];
    this.timer = setInterval(() => void this.lookAtServices(), lookEveryMs).unref();
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  /** Calls `use` with the topic `principal` may follow. Throws REQUEST_FORBIDDEN. */
  async take(
    channel: WatchChannel,
    principal: Principal,
    use: (topic: Topic<WatchName>) => void,
  ): Promise<void> {
    if (channel === 'jobs' && !hasRole(principal, 'trader')) {
      throw problem('REQUEST_FORBIDDEN', {
        detail: `the channel jobs needs the role trader or higher; ${principal.username} is ${principal.role}`,
        facts: { role: principal.role, needed: 'trader' },
      });
    }
    const seesAll = channel === 'services' || hasRole(principal, 'operator');
    await this.topics.take({ channel, key: seesAll ? everything : principal.userId, principal }, use);
  }

  private async read({ channel, principal }: WatchName): Promise<StateRead | null> {
    try {
      const state =
        channel === 'services'
          ? await this.services.list(this.address())
          : (await this.jobs.list({ principal, limit: jobsShown })).items;
      return { state, timeMs: this.clock.nowMs() };
    } catch (error) {
      // Nobody to ask: what is heard next will say more.
      if (error instanceof Problem) return null;
      throw error;
    }
  }

  private onJob({ data: { owner, job }, timeMs }: JobChanged): void {
    for (const key of [everything, owner]) {
      const topic = this.topics.find('jobs', key);
      topic?.publish({ state: foldJob(topic.current as Job[], job), change: job, timeMs });
    }
  }

  private async lookAtServices(): Promise<void> {
    const topic = this.topics.find('services', everything);
    if (!topic) return;
    const seen = await this.services.list(this.address());
    if (!servicesDiffer(topic.current as ServiceInstance[], seen)) return;
    topic.publish({ state: seen, change: seen, timeMs: this.clock.nowMs() });
  }

  private address(): { host: string; port: number } {
    const server: Server = this.host.httpAdapter.getHttpServer();
    const { address, port } = server.address() as AddressInfo;
    return { host: address, port };
  }
}
