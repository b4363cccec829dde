import { Decimal } from '../../kernel/decimal.js';

/** Where a venue is reached; without trailing slash. */
export interface VenueUrls {
  readonly rest?: string;
  readonly stream?: string;
}

export interface VenueFees {
  readonly maker: string;
  readonly taker: string;
}

interface SettingFault {
  readonly found: string;
  readonly allowed: string;
}

const urlPattern = /^([a-z0-9]{1,20}(?:-perp)?)\.(rest|stream)=(\S+)$/;
const feePattern = /^([a-z0-9]{1,20}(?:-perp)?)=(\d(?:\.\d{1,10})?)\/(\d(?:\.\d{1,10})?)$/;
const protocols = { rest: ['http:', 'https:'], stream: ['ws:', 'wss:'] } as const;

/** Reads VENUE_URLS: `binance.rest=http://127.0.0.1:9000`, `binance.stream=ws://…`; perpetuals are `binance-perp`. */
export function readVenueUrls(parts: readonly string[]): {
  urls: ReadonlyMap<string, VenueUrls>;
  faults: SettingFault[];
} {
  const urls = new Map<string, VenueUrls>();
  const faults: SettingFault[] = [];
  for (const part of parts) {
    const match = urlPattern.exec(part);
    const way = match?.[2] as 'rest' | 'stream' | undefined;
    const url = match && URL.canParse(match[3]) ? new URL(match[3]) : null;
    if (!match || !way || !url || !(protocols[way] as readonly string[]).includes(url.protocol)) {
      faults.push({
        found: part,
        allowed:
          'exchange.rest=http(s)://… or exchange.stream=ws(s)://…, e.g. binance.rest=http://127.0.0.1:9000',
      });
      continue;
    }
    urls.set(match[1], { ...urls.get(match[1]), [way]: match[3].replace(/\/+$/, '') });
  }
  return { urls, faults };
}

/** Reads VENUE_FEES: `binance=0.001/0.001`, maker before taker, as ratios of notional. */
export function readVenueFees(parts: readonly string[]): {
  fees: ReadonlyMap<string, VenueFees>;
  faults: SettingFault[];
} {
  const fees = new Map<string, VenueFees>();
  const faults: SettingFault[] = [];
  for (const part of parts) {
    const match = feePattern.exec(part);
    if (!match || Decimal.of(match[2]).gte(Decimal.one) || Decimal.of(match[3]).gte(Decimal.one)) {
      faults.push({
        found: part,
        allowed: 'exchange=maker/taker as ratios below 1, e.g. binance=0.001/0.001',
      });
      continue;
    }
    fees.set(match[1], { maker: Decimal.of(match[2]).toString(), taker: Decimal.of(match[3]).toString() });
  }
  return { fees, faults };
}
