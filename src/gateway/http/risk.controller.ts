import { Body, Controller, Get, Put, Req } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PathId } from '../../platform/http/path.pipe.js';
import { Risk, RiskLimits, RiskState, SetRiskState } from '../../trading/contract/risk.js';
import { Limited } from '../access/limited.js';
import { Describe } from '../openapi/describe.js';
import type { SignedRequest } from './request.adapter.js';

const problems = ['TRADING_ACCOUNT_UNKNOWN'];

/** Limits of an account and the latch that stops it. */
@Controller('v1/accounts/:accountId/risk')
@RequireRole('viewer')
export class RiskController {
  constructor(private readonly risk: Risk) {}

  @Get('limits')
  @Describe({ summary: 'Risk limits; null is off', answers: RiskLimits, problems })
  limits(@PathId('accountId') accountId: string, @Req() { principal }: SignedRequest): Promise<RiskLimits> {
    return this.risk.limits({ principal, accountId });
  }

  @Put('limits')
  @RequireRole('trader')
  @Describe({ summary: 'Change risk limits; what is left out stays', answers: RiskLimits, problems })
  setLimits(
    @PathId('accountId') accountId: string,
    @Body() limits: RiskLimits,
    @Req() { principal }: SignedRequest,
  ): Promise<RiskLimits> {
    return this.risk.setLimits({ principal, accountId, limits });
  }

  @Get('state')
  @Describe({ summary: 'May the account trade?', answers: RiskState, problems })
  state(@PathId('accountId') accountId: string, @Req() { principal }: SignedRequest): Promise<RiskState> {
    return this.risk.state({ principal, accountId });
  }

  @Put('state')
  @RequireRole('trader')
  @Limited('safety')
  @Describe({
    summary: 'Halt, reduce or resume',
    more: 'Latches and survives restarts. Has a quota of its own that order flow cannot eat.',
    answers: RiskState,
    problems,
  })
  setState(
    @PathId('accountId') accountId: string,
    @Body() state: SetRiskState,
    @Req() { principal }: SignedRequest,
  ): Promise<RiskState> {
    return this.risk.setState({ principal, accountId, state });
  }
}
