import { configOf, env } from '../platform/config/config.js';

/** How the desk works; every bound has its metric. */
export class TradingConfig extends configOf({
  partitions: env.integer('TRADING_PARTITIONS', {
    default: 1,
    min: 1,
    max: 64,
    about: 'Single writers in this process; each account belongs to one of them.',
  }),
  queueMax: env.integer('TRADING_QUEUE_MAX', {
    default: 10_000,
    min: 10,
    max: 1_000_000,
    about:
      'Commands that may wait at one writer; past it orders are refused with TRADING_OVERLOADED, cancels are not.',
  }),
  batchMax: env.integer('TRADING_BATCH_MAX', {
    default: 256,
    min: 1,
    max: 10_000,
    about: 'Most commands written in one transaction; a batch of orders counts as so many.',
  }),
  recentOrdersMax: env.integer('TRADING_RECENT_ORDERS_MAX', {
    default: 20_000,
    min: 100,
    max: 10_000_000,
    about:
      'Orders a writer keeps in memory after they closed, at least two batches of them; older ones are read from the database.',
  }),
  instrumentAgeMs: env.integer('TRADING_INSTRUMENT_AGE_MS', {
    default: 0,
    min: 0,
    max: 60_000,
    about:
      'Milliseconds for which the rules of an instrument hold as read; 0 asks before every batch. Some 250 spare calls where the data role runs elsewhere.',
  }),
}) {}
