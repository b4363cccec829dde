/**
 * Prometheus text as OpenMetrics 1.0: counter families lose their `_total` (their samples keep it), blank lines go,
 * the end is marked. The registry library would write `_total_total` instead.
 */
export function toOpenMetrics(text: string): string {
  const lines: string[] = [];
  const counters = new Set<string>();
  for (const [, name] of text.matchAll(/^# TYPE (\S+)_total counter$/gm)) counters.add(`${name}_total`);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const about = /^# (HELP|TYPE) (\S+) ([^]*)$/.exec(line);
    if (!about) lines.push(line);
    else {
      const [, word, name, rest] = about;
      const family = counters.has(name) ? name.slice(0, -'_total'.length) : name;
      lines.push(`# ${word} ${family} ${word === 'TYPE' && rest === 'untyped' ? 'unknown' : rest}`);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}
