/** What a person needs to know when the server is up. */
export interface Banner {
  readonly url: string;
  /** Null where nobody signs in. */
  readonly first: {
    readonly username: string;
    /** Only right after it was generated. */
    readonly password: string | null;
    readonly source: 'generated' | 'ADMIN_PASSWORD' | 'chosen before';
  } | null;
  readonly simulated: readonly string[];
  readonly accountName: string | null;
  readonly dataDir: string;
  readonly embedded: boolean;
  readonly readySeconds: number;
}

export function bannerText(banner: Banner): string {
  const { url, first } = banner;
  const lines: [string, string][] = [
    ['Address', url],
    ['Explorer', `${url}/docs`],
    ['Health', `${url}/health`],
    ['Metrics', `${url}/metrics`],
    ...(first === null ? [] : signInLines(first)),
    [
      'Market',
      banner.simulated.length > 0
        ? `SIMULATED: ${banner.simulated.join(', ')}. No real prices.`
        : 'no feed is running; import candles or set FEEDS',
    ],
    ...(banner.accountName === null
      ? []
      : ([['Account', `${banner.accountName}: paper money, fills are simulated`]] as [string, string][])),
    [
      'Data',
      banner.embedded
        ? `${banner.dataDir} (embedded PostgreSQL; DATABASE_URL takes another)`
        : 'the database named by DATABASE_URL',
    ],
    [
      'Going live',
      'real markets: FEEDS=binance:BTC/USDT npm start (see README); orders stay on paper, live venues are not offered yet',
    ],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return [
    '',
    `  RRRalgorithms is ready (${banner.readySeconds.toFixed(1)} s). Ctrl-C stops it.`,
    '',
    ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
  ].join('\n');
}

function signInLines({ username, password, source }: NonNullable<Banner['first']>): [string, string][] {
  const told = {
    generated: `${password}   (shown once; choose another: POST /v1/auth/password)`,
    ADMIN_PASSWORD: 'as set in ADMIN_PASSWORD',
    'chosen before': 'as chosen before',
  };
  return [
    ['User', username],
    ['Password', told[source]],
  ];
}
