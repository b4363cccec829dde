import { Body, Controller, Delete, Get, Put, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { type Page, PageQuery } from '../../kernel/page.js';
import { PathId } from '../../platform/http/path.pipe.js';
import {
  DeadManSwitch,
  Risk,
  RiskChange,
  RiskLimits,
  RiskLock,
  RiskState,
  SetDeadManSwitch,
  SetRiskState,
} from '../../trading/contract/risk.js';
import { Limited } from '../access/limited.js';
import { Describe } from '../openapi/describe.js';
import { busy } from './order-problems.js';
import { versionWanted } from './if-match.js';
import type { Reply, SignedRequest } from './request.adapter.js';

const problems = ['TRADING_ACCOUNT_UNKNOWN'];
const acts = [...problems, 'TRADING_ACCOUNT_ARCHIVED', ...busy];
const etag = 'The `ETag` is the version to send as `If-Match` with a change.';

/** Limits of an account, the latch that stops it, and the switch that stops it when its owner falls silent. */
@Controller('v1/accounts/:accountId')
@RequireRole('viewer')
export class RiskController {
  constructor(private readonly risk: Risk) {}

  @Get('risk/limits')
  @Describe({ summary: 'Risk limits; null is off', more: etag, answers: RiskLimits, problems })
  async limits(
    @PathId('accountId') accountId: string,
    @Req() { principal }: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<RiskLimits> {
    const { version, limits } = await this.risk.limits({ principal, accountId });
    reply.header('ETag', `"${version}"`);
    return limits;
  }

  @Put('risk/limits')
  @RequireRole('trader')
  @Describe({
    summary: 'Change risk limits; what is left out stays',
    more: 'Kept with who changed what, see `GET …/risk/changes`.',
    answers: RiskLimits,
    matched: true,
    problems: [...acts, 'REQUEST_PRECONDITION_FAILED', 'REQUEST_PRECONDITION_REQUIRED'],
  })
  async setLimits(
    @PathId('accountId') accountId: string,
    @Body() changes: RiskLimits,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<RiskLimits> {
    const { principal } = request;
    const wanted = versionWanted(request.headers['if-match']);
    const set = await this.risk.setLimits({ principal, accountId, version: wanted, limits: changes });
    reply.header('ETag', `"${set.version}"`);
    return set.limits;
  }

  @Get('risk/changes')
  @Describe({
    summary: 'Who changed limits or state, when, and what it was; newest first',
    answers: { pageOf: RiskChange },
    problems,
  })
  changes(
    @PathId('accountId') accountId: string,
    @Query() query: PageQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<Page<RiskChange>> {
    return this.risk.changes({ principal, accountId, ...query });
  }

  @Get('risk/state')
  @Describe({ summary: 'May the account trade?', answers: RiskState, problems })
  state(@PathId('accountId') accountId: string, @Req() { principal }: SignedRequest): Promise<RiskState> {
    return this.risk.state({ principal, accountId });
  }

  @Put('risk/state')
  @RequireRole('trader')
  @Limited('safety')
  @Describe({
    summary: 'Halt, reduce or resume',
    more:
      'Latches and survives restarts. Open orders stay at work unless `cancelOrders` or `flatten` says otherwise. ' +
      'Has a quota of its own that order flow cannot eat, and overtakes every order that waits.',
    answers: RiskState,
    problems: acts,
  })
  setState(
    @PathId('accountId') accountId: string,
    @Body() state: SetRiskState,
    @Req() { principal }: SignedRequest,
  ): Promise<RiskState> {
    return this.risk.setState({ principal, accountId, state });
  }

  @Get('risk/locks')
  @Describe({
    summary: 'What the protections of the account keep from being opened now',
    answers: { pageOf: RiskLock },
    problems,
  })
  async locks(
    @PathId('accountId') accountId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<Page<RiskLock>> {
    return { items: await this.risk.locks({ principal, accountId }), nextCursor: null };
  }

  @Delete('risk/locks/:lockId')
  @RequireRole('trader')
  @Describe({
    summary: 'Take a lock away before its time',
    answers: RiskLock,
    problems: [...acts, 'TRADING_LOCK_UNKNOWN'],
  })
  unlock(
    @PathId('accountId') accountId: string,
    @PathId('lockId') lockId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<RiskLock> {
    return this.risk.unlock({ principal, accountId, lockId });
  }

  @Get('dead-man-switch')
  @Describe({ summary: 'Is the dead man’s switch armed?', answers: DeadManSwitch, problems })
  deadManSwitch(
    @PathId('accountId') accountId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<DeadManSwitch> {
    return this.risk.deadManSwitch({ principal, accountId });
  }

  @Put('dead-man-switch')
  @RequireRole('trader')
  @Limited('safety')
  @Describe({
    summary: 'Arm the dead man’s switch, again and again; 0 disarms',
    more:
      'When it lapses every open order of the account is cancelled and the switch is off. Survives restarts: what ' +
      'lapsed meanwhile is done at the start. Has a quota of its own that order flow cannot eat.',
    answers: DeadManSwitch,
    problems: acts,
  })
  setDeadManSwitch(
    @PathId('accountId') accountId: string,
    @Body() { timeoutSeconds }: SetDeadManSwitch,
    @Req() { principal }: SignedRequest,
  ): Promise<DeadManSwitch> {
    return this.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds });
  }
}
