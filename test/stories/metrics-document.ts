/** One row of docs/metrics.md. `path` is the spec file from the repository's root. */
export interface DocumentedFamily {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly title: string;
  readonly path: string;
}

const row =
  /^\| `(?<name>\w+)` *\| (?<type>\w+) *\| (?<labels>[^|]*?) *\| (?<meaning>[^|]+?) *\| \[(?<title>[^\]]+)\]\(\.\.\/(?<path>[^)]+)\) *\|$/;

/** Rows that begin with a family's name. Throws on one that does not say everything. */
export function documentedFamilies(text: string): DocumentedFamily[] {
  return text
    .split('\n')
    .filter((line) => /^\| *`/.test(line))
    .map((line) => {
      const said = row.exec(line)?.groups;
      if (!said) throw new Error(`not family | type | labels | meaning | moved by: ${line}`);
      const labels = [...said.labels.matchAll(/`(\w+)`/g)].map(([, label]) => label);
      return { name: said.name, type: said.type, labels, title: said.title, path: said.path };
    });
}

/** Titles of a spec file's own tests; those of tables have none of their own. */
export function titlesOf(text: string): string[] {
  return [...text.matchAll(/^ *(?:it|test)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/gm)].map(
    ([, single, double]) => (single ?? double).replace(/\\(.)/g, '$1'),
  );
}

const family =
  /\b((?:http|data|ml|trading|gateway|events|rpc|database|event_loop|health|log)_[a-z_]*(?:_total|_seconds|_ratio|_bytes))(?:_bucket|_sum|_count)?\b/g;

/** Families a text names: what begins with a part's name and ends in a unit or `_total`. */
export function namedFamilies(text: string): string[] {
  return [...new Set([...text.matchAll(family)].map(([, name]) => name))];
}
