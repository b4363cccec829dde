/** One line of a Dockerfile, continuation lines joined: `COPY --from=build a b`. */
export interface Instruction {
  readonly word: string;
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, as it is written. */
  readonly rest: string;
}

/** One stage: `FROM image AS name` and what follows. */
export interface Stage {
  readonly base: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

/** Reads a Dockerfile without heredocs. Throws on a line that is no instruction. */
export function stagesOf(dockerfile: string): Stage[] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { base: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const match = /^([A-Z]+)((?:\s+--[a-z-]+=\S+)*)\s+(.+)$/.exec(line);
    if (!match) throw new Error(`not an instruction: ${line}`);
    const [, word, flagText, rest] = match;
    const flags = Object.fromEntries(
      [...flagText.matchAll(/--([a-z-]+)=(\S+)/g)].map((flag) => [flag[1], flag[2]]),
    );
    if (word === 'FROM') {
      const [base, , name] = rest.split(/\s+/);
      stages.push({ base, name: name ?? null, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new Error(`before the first FROM: ${line}`);
      stage.instructions.push({ word, flags, rest });
    }
  }
  return stages;
}

export function lastOf(stage: Stage, word: string): Instruction | undefined {
  return stage.instructions.findLast((instruction) => instruction.word === word);
}

/** Variables that a stage sets. */
export function environmentOf(stage: Stage): Record<string, string> {
  const pairs = stage.instructions
    .filter(({ word }) => word === 'ENV')
    .flatMap(({ rest }) => rest.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2)));
}

/** The arguments of an exec form (`["node", "x.js"]`), or null for a shell form. */
export function execForm(rest: string): string[] | null {
  const text = rest.replace(/^CMD\s+/, '').trim();
  return text.startsWith('[') ? (JSON.parse(text) as string[]) : null;
}

/** Files that a stage takes from the folder it is built in. */
export function copiedFromHere(stage: Stage): string[] {
  return stage.instructions
    .filter(({ word, flags }) => (word === 'COPY' || word === 'ADD') && !flags.from)
    .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
}

/** What keeps an image from being safe to run, in sentences; none for a good one. */
export function imageFaults(dockerfile: string): string[] {
  const stages = stagesOf(dockerfile);
  const image = stages.at(-1)!;
  const environment = environmentOf(image);
  const faults: string[] = [];
  const must = (holds: boolean, says: string): void => {
    if (!holds) faults.push(says);
  };
  const user = lastOf(image, 'USER')?.rest;
  const command = lastOf(image, 'CMD');
  const health = lastOf(image, 'HEALTHCHECK');
  must(stages.length > 1, 'builds and runs in one stage');
  must(
    stages.every(({ base }) => /^node:24-[a-z]+-slim$/.test(base)),
    'a base is not Node 24 on a slim glibc system',
  );
  must(user !== undefined && !/^(root|0)(:|$)/.test(user), 'runs as root');
  must(command !== undefined && execForm(command.rest) !== null, 'CMD hides the server behind a shell');
  must(health !== undefined && execForm(health.rest)?.[0] === 'node', 'no HEALTHCHECK by node');
  must(lastOf(image, 'STOPSIGNAL')?.rest === 'SIGTERM', 'is not stopped by SIGTERM');
  must(environment.HOST === '0.0.0.0', 'listens where nobody outside can reach it');
  must(lastOf(image, 'VOLUME')?.rest === environment.DATA_DIR, 'keeps its data outside of the volume');
  must(
    stages.some((stage) => stage.instructions.some(({ rest }) => rest.includes('npm ci'))),
    'does not install from the lockfile',
  );
  must(
    stages.some((stage) => stage.instructions.some(({ rest }) => /npm (prune|ci) .*--omit=dev/.test(rest))),
    'carries development packages',
  );
  return faults;
}
