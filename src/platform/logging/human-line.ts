const colors: Readonly<Record<string, string>> = {
  debug: '\u001b[90m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
};
const dim = '\u001b[2m';
const plain = '\u001b[0m';

/** One log entry as a line for people: local-free UTC time, level, part, sentence, then the facts; a stack below it. */
export function humanLine(entry: Record<string, unknown>, color: boolean): string {
  const { time, level, part, message, ...facts } = entry;
  const paint = (code: string, text: string): string =>
    color && text !== '' ? `${code}${text}${plain}` : text;
  let below = '';
  const shown = Object.entries(facts).map(([name, value]) => {
    if (isError(value)) {
      below += `\n    ${value.stack.replaceAll('\n', '\n    ')}`;
      return `${name}=${JSON.stringify(value.message)}`;
    }
    const text = typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
    return `${name}=${text}`;
  });
  const words = [
    paint(dim, String(time).slice(11, 23)),
    paint(colors[String(level)] ?? '', String(level).toUpperCase().padEnd(5)),
    part === undefined ? '' : `[${String(part)}]`,
    String(message ?? ''),
    paint(dim, shown.join(' ')),
  ];
  return `${words.filter((word) => word !== '').join(' ')}${below}\n`;
}

function isError(value: unknown): value is { message: string; stack: string } {
  const error = value as { message?: unknown; stack?: unknown } | null;
  return typeof error === 'object' && typeof error?.message === 'string' && typeof error.stack === 'string';
}
