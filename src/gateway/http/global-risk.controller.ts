import { Body, Controller, Get, Put, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { type Page, PageQuery } from '../../kernel/page.js';
import {
  GlobalLimits,
  GlobalRisk,
  RiskChange,
  RiskState,
  SetRiskState,
} from '../../trading/contract/risk.js';
import { Limited } from '../access/limited.js';
import { Describe } from '../openapi/describe.js';
import { versionWanted } from './if-match.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** Limits and the latch over all accounts of the live market. */
@Controller('v1/risk')
@RequireRole('operator')
export class GlobalRiskController {
  constructor(private readonly risk: GlobalRisk) {}

  @Get('limits')
  @Describe({
    summary: 'Limits over all accounts; null is off',
    more: 'Amounts in US dollars. The `ETag` is the version to send as `If-Match` with a change.',
    answers: GlobalLimits,
  })
  async limits(
    @Req() { principal }: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<GlobalLimits> {
    const { version, limits } = await this.risk.limits({ principal });
    reply.header('ETag', `"${version}"`);
    return limits;
  }

  @Put('limits')
  @Describe({
    summary: 'Change limits over all accounts; what is left out stays',
    answers: GlobalLimits,
    matched: true,
    problems: ['REQUEST_PRECONDITION_FAILED', 'REQUEST_PRECONDITION_REQUIRED', 'TRADING_UNAVAILABLE'],
  })
  async setLimits(
    @Body() changes: GlobalLimits,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<GlobalLimits> {
    const { principal } = request;
    const set = await this.risk.setLimits({
      principal,
      version: versionWanted(request.headers['if-match']),
      limits: changes,
    });
    reply.header('ETag', `"${set.version}"`);
    return set.limits;
  }

  @Get('changes')
  @Describe({
    summary: 'Who changed global limits or state, when, and what it was; newest first',
    answers: { pageOf: RiskChange },
  })
  changes(@Query() query: PageQuery, @Req() { principal }: SignedRequest): Promise<Page<RiskChange>> {
    return this.risk.changes({ principal, ...query });
  }

  @Get('state')
  @Describe({ summary: 'May anybody trade?', answers: RiskState })
  state(@Req() { principal }: SignedRequest): Promise<RiskState> {
    return this.risk.state({ principal });
  }

  @Put('state')
  @Limited('safety')
  @Describe({
    summary: 'Halt, reduce or resume all accounts of the live market',
    more:
      'Holds for every account at once, whatever its own state says; latches and survives restarts. With ' +
      '`cancelOrders` or `flatten` every account has done so when it answers. Replays go on.',
    answers: RiskState,
    problems: ['TRADING_UNAVAILABLE'],
  })
  setState(@Body() state: SetRiskState, @Req() { principal }: SignedRequest): Promise<RiskState> {
    return this.risk.setState({ principal, state });
  }
}
