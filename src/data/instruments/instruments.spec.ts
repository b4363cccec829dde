import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { Instruments, type InstrumentRules } from '../contract/instruments.js';
import { InstrumentsService } from './instruments.service.js';

const principal = aPrincipal('operator');
const id = 'XMR-USDT.KRAKEN';
const rules: InstrumentRules = {
  tickSize: '0.01',
  lotSize: '0.001',
  minimumQuantity: '0.01',
  minimumNotional: '5',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

describe('an instrument a venue lists', () => {
  let house: DataHouse;
  beforeAll(async () => {
    house = await aDataHouse();
  });
  afterAll(() => house.close());

  const lists = (over: Partial<InstrumentRules> = {}) =>
    house.get(InstrumentsService).learn(id, { ...rules, ...over }, true);
  const put = (over: Partial<InstrumentRules> = {}) =>
    house.get(Instruments).put({ principal, id, rules: { ...rules, ...over } });
  const status = async () => (await house.get(Instruments).get({ id })).status;

  it('trades and pauses as the venue says, while no operator says otherwise', async () => {
    await lists();
    expect(await status()).toBe('trading');
    await lists({ status: 'paused' });
    expect(await status()).toBe('paused');
    // The operator changes a fee and repeats what the venue said of the rest.
    await put({ status: 'paused', takerFee: '0.002' });
    await lists();
    expect(await status()).toBe('trading');
  });

  it('stays paused by an operator through listings and restarts, with all else as the venue says', async () => {
    await put({ status: 'paused' });
    await lists({ tickSize: '0.1' });
    expect(await house.get(Instruments).get({ id })).toMatchObject({ status: 'paused', tickSize: '0.1' });
    await put({ status: 'paused', takerFee: '0.002' });
    await house.stop();
    house = await aDataHouse({ after: house });
    await lists();
    expect(await status()).toBe('paused');
  });

  it('stays paused when the venue takes it off its list and puts it back', async () => {
    await house.get(InstrumentsService).vanished(id);
    expect(await status()).toBe('delisted');
    await lists();
    expect(await status()).toBe('paused');
  });

  it('is the venue’s again when an operator lets it trade', async () => {
    await put();
    expect(await status()).toBe('trading');
    await lists({ status: 'paused' });
    expect(await status()).toBe('paused');
    await lists();
    expect(await status()).toBe('trading');
  });
});
