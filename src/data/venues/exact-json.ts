/**
 * JSON in which every number stays the text the venue wrote: `{"qty":0.10000000}` is read as `{ qty: '0.10000000' }`.
 * `JSON.parse` alone would make doubles of them, which lose trailing zeros always and digits sometimes.
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(quoteNumbers(text), plainNumbers(text));
}

const number = /-?\d[\d.eE+-]*/g;

/** Puts quotes around every number that stands outside of a string. */
function quoteNumbers(text: string): string {
  let quoted = '';
  let from = 0;
  for (;;) {
    const begin = text.indexOf('"', from);
    if (begin < 0) return quoted + text.slice(from).replace(number, '"$&"');
    const between = text.slice(from, begin);
    // Two strings with a number between them have a comma or colon on either side of it.
    quoted += between.length < 3 && from > 0 ? between : between.replace(number, '"$&"');
    const end = endOfString(text, begin);
    quoted += text.slice(begin, end);
    from = end;
  }
}

/** Where the string that begins at `begin` is over; the end of the text when it never is, for JSON.parse to complain. */
function endOfString(text: string, begin: number): number {
  let at = begin;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 92) backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
}

const exponential = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,3})$/;

/** Only a message with an exponent in it needs its numbers looked at again: `1e-8` is `0.00000001`. */
function plainNumbers(text: string): ((key: string, value: unknown) => unknown) | undefined {
  if (!/\d[eE][+-]?\d/.test(text)) return undefined;
  return (_key, value) => (typeof value === 'string' ? plainDecimal(value) : value);
}

/** `1.5e-7` as `0.00000015`; any other text as it is. */
export function plainDecimal(text: string): string {
  const match = exponential.exec(text);
  if (match === null) return text;
  const [, sign, whole, fraction = '', exponent] = match;
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const rest = padded.slice(at);
  return sign + padded.slice(0, at).replace(/^0+(?=\d)/, '') + (rest === '' ? '' : `.${rest}`);
}
