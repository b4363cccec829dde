/** Assets that Kraken calls otherwise than everybody, in its REST interface and the first protocol of its stream. */
const usualNames: Readonly<Record<string, string>> = { XBT: 'BTC', XDG: 'DOGE' };
const krakenNames = Object.fromEntries(Object.entries(usualNames).map(([own, usual]) => [usual, own]));

/** `XBT/USD` (REST, protocol 1) or `BTC/USD` (protocol 2) as our `BTC-USD.KRAKEN`; null when it is no pair. */
export function instrumentOfKraken(pair: string): string | null {
  const match = /^([A-Z0-9]{1,20})\/([A-Z0-9]{1,20})$/.exec(pair);
  if (match === null) return null;
  const [base, quote] = [match[1], match[2]].map((asset) => usualNames[asset] ?? asset);
  return `${base}-${quote}.KRAKEN`;
}

/** Our `BTC-USD.KRAKEN` as protocol 2 says it: `BTC/USD`. */
export function krakenSymbol(instrument: string): string {
  return assetsOf(instrument).join('/');
}

/** Our `BTC-USD.KRAKEN` as the REST interface says it: `XBTUSD`. */
export function krakenRestPair(instrument: string): string {
  return assetsOf(instrument)
    .map((asset) => krakenNames[asset] ?? asset)
    .join('');
}

function assetsOf(instrument: string): string[] {
  return instrument.slice(0, instrument.lastIndexOf('.')).split('-');
}
