import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copiedFromHere, environmentOf, execForm, imageFaults, lastOf, stagesOf } from './image.js';
import { repository } from './sources.js';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const dockerfile = read('Dockerfile');
const stages = stagesOf(dockerfile);
const image = stages.at(-1)!;

describe('the image', () => {
  it('is small, runs as nobody special, stops when told and keeps its data in a volume', () => {
    expect(imageFaults(dockerfile)).toEqual([]);
  });

  it('copies only what is there and what .dockerignore lets through', () => {
    const admitted = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const wanted = stages.flatMap(copiedFromHere);
    expect(wanted.length).toBeGreaterThan(8);
    for (const path of wanted) {
      expect(existsSync(join(repository, path)), path).toBe(true);
      expect(admitted).toContain(`!${path}`);
    }
    expect(admitted.map((line) => line.slice(1)).toSorted()).toEqual(wanted.toSorted());
    expect(read('.dockerignore').split('\n')).toContain('*');
  });

  it('takes from the first stage what that stage makes, and starts what npm start starts', () => {
    const taken = image.instructions.filter(({ flags }) => flags.from).map(({ rest }) => rest.split(' ')[0]);
    expect(taken).toEqual(['/app/package.json', '/app/node_modules', '/app/dist']);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(execForm(lastOf(image, 'CMD')!.rest)!.join(' ')).toBe(scripts.start);
  });

  it.each([
    [200, 0],
    [503, 1],
    [null, 1],
  ])('is called healthy by its own command according to /readyz (%s → exit %d)', async (status, exit) => {
    const asked: string[] = [];
    const server = createServer((request, answer) => {
      asked.push(request.url ?? '');
      answer.writeHead(status ?? 500).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    if (status === null) {
      server.close();
      await once(server, 'close');
    }
    const [, ...command] = execForm(lastOf(image, 'HEALTHCHECK')!.rest)!;
    const environment = { ...environmentOf(image), PORT: String(port) };
    const child = spawn(process.execPath, command, { env: environment, stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number];
    server.close();
    expect(code).toBe(exit);
    expect(asked).toEqual(status === null ? [] : ['/readyz']);
  });

  it('is what compose runs: same volume, same port, with a parent for its children', () => {
    const compose = read('deploy/compose.yaml');
    expect(compose).toContain(`- data:${environmentOf(image).DATA_DIR}\n`);
    expect(compose).toContain(`:${environmentOf(image).PORT}'\n`);
    expect(compose).toMatch(/^ {4}init: true$/m);
    expect(compose).toMatch(/^ {4}read_only: true$/m);
  });
});

describe('the check of the image', () => {
  it.each([
    ['runs as root', /^USER node$/m, ''],
    ['runs as root', /^USER node$/m, 'USER 0:0'],
    ['CMD hides the server behind a shell', /^CMD .*$/m, 'CMD node dist/src/main.js'],
    ['no HEALTHCHECK by node', /^HEALTHCHECK .*\\\n.*$/m, ''],
    ['is not stopped by SIGTERM', /^STOPSIGNAL .*$/m, 'STOPSIGNAL SIGKILL'],
    ['listens where nobody outside can reach it', 'HOST=0.0.0.0', 'HOST=127.0.0.1'],
    ['keeps its data outside of the volume', /^VOLUME .*$/m, 'VOLUME /data'],
    ['a base is not Node 24 on a slim glibc system', /^FROM node:24-bookworm-slim$/m, 'FROM node:24-alpine'],
    ['does not install from the lockfile', 'npm ci', 'npm install'],
    ['carries development packages', ' && npm prune --omit=dev --no-audit --no-fund', ''],
  ])('catches an image that %s (%s)', (says, from, to) => {
    const planted = dockerfile.replace(from, to);
    expect(planted).not.toBe(dockerfile);
    expect(imageFaults(planted)).toEqual([says]);
  });

  it('catches an image of one stage, and a file that is no Dockerfile', () => {
    expect(imageFaults(dockerfile.slice(dockerfile.lastIndexOf('FROM ')))).toContain(
      'builds and runs in one stage',
    );
    expect(() => stagesOf('FROM node:24\nnonsense')).toThrow('not an instruction');
    expect(() => stagesOf('RUN true')).toThrow('before the first FROM');
  });
});
