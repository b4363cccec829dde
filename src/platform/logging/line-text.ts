import type { LineValue } from '../../kernel/log.js';
import { isSensitive, mask, maskText } from './redact.js';

/** What stands in JSON text as it is; anything else is escaped. */
const plainText = /^[ !#-[\]-~]*$/;

/**
 * The text of an info line whose names are known beforehand: the same JSON object that the log writes otherwise, with
 * everything around the values put together once. Secrets are masked by name and inside texts alike.
 */
export function lineText(
  fixed: readonly (readonly [string, string])[],
  names: readonly string[],
  sentence: string,
): (time: string, values: readonly LineValue[]) => string {
  const before = fixed.map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`).join('');
  const keys = names.map((name) => `,${JSON.stringify(name)}:`);
  const sensitive = names.map((name) => isSensitive(name));
  const after = `,"message":${JSON.stringify(sentence)}}\n`;
  return (time, values) => {
    let text = `{"level":"info"${time}${before}`;
    for (let n = 0; n < keys.length; n += 1) {
      const value = values[n];
      if (value === undefined) continue;
      if (typeof value === 'number') text += keys[n] + (Number.isFinite(value) ? value : 'null');
      else text += keys[n] + quoted(sensitive[n] ? mask : maskText(value));
    }
    return text + after;
  };
}

function quoted(value: string): string {
  return plainText.test(value) ? `"${value}"` : JSON.stringify(value);
}
