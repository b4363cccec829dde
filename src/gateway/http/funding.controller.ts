import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { Accounts, FundingPayment, FundingResult } from '../../trading/contract/accounts.js';
import { Describe } from '../openapi/describe.js';
import type { SignedRequest } from './request.adapter.js';

/** What holders of derivatives pay each other. */
@Controller('v1/funding')
@RequireRole('operator')
export class FundingController {
  constructor(private readonly accounts: Accounts) {}

  @Post()
  @HttpCode(200)
  @Describe({
    summary: 'Book a funding payment for all accounts',
    more: 'Once for each account, instrument and time, however often it is sent; so it takes no key.',
    answers: FundingResult,
    problems: ['TRADING_FUNDING_DIFFERS', 'TRADING_OVERLOADED', 'TRADING_UNAVAILABLE'],
  })
  pay(@Body() payment: FundingPayment, @Req() { principal }: SignedRequest): Promise<FundingResult> {
    return this.accounts.payFunding({ principal, payment });
  }
}
