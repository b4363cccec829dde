import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/kernel/decimal.js';
import { Problem, problem } from '../../../src/kernel/errors.js';
import type { PortDescription } from '../../../src/kernel/port.js';
import { describePort, throughJson } from './both-ways.js';
import { lostInJson } from './survives-json.js';

abstract class Echo {
  static readonly port: PortDescription<Echo> = {
    name: 'test.echo',
    methods: { say: 'read', refuse: 'read' },
  };
  abstract say(query: { what: unknown }): Promise<unknown>;
  abstract refuse(query: { facts: Record<string, unknown> }): Promise<never>;
}

class LocalEcho extends Echo {
  async say({ what }: { what: unknown }): Promise<unknown> {
    return what;
  }
  async refuse({ facts }: { facts: Record<string, unknown> }): Promise<never> {
    throw problem('REQUEST_CONFLICT', { detail: 'no', facts });
  }
}

const ways: string[] = [];

describePort(
  'test.echo',
  Echo,
  () => ({ port: new LocalEcho(), ways }),
  (subject) => {
    it('answers what it was asked', async ({ task }) => {
      const { port } = subject();
      subject().ways.push(task.suite?.name ?? '');
      expect(await port.say({ what: { price: '0.10', list: [1, null, 'x'] } })).toEqual({
        price: '0.10',
        list: [1, null, 'x'],
      });
    });

    it('throws the problem with its facts', async () => {
      const thrown = await subject()
        .port.refuse({ facts: { limit: '10' } })
        .catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(Problem);
      expect(thrown).toMatchObject({
        code: 'REQUEST_CONFLICT',
        content: { detail: 'no', facts: { limit: '10' } },
      });
    });
  },
);

describe('running a suite both ways', () => {
  it('ran the suite above twice, once in each way', () => {
    expect(ways.map((name) => /, (in process|over the wire)$/.exec(name)?.[1])).toEqual([
      'in process',
      'over the wire',
    ]);
  });

  it('fails a port whose arguments, answers or problems JSON would change', async () => {
    const port = throughJson(Echo, new LocalEcho());
    for (const what of [Number.NaN, new Date(0), Decimal.of('1'), 10n, [undefined], new Map(), () => 1]) {
      await expect(port.say({ what })).rejects.toThrow('does not survive JSON');
    }
    class Leaky extends LocalEcho {
      override async say(): Promise<unknown> {
        return { at: new Date(0) };
      }
      override async refuse(): Promise<never> {
        throw problem('REQUEST_CONFLICT', { detail: 'no', facts: { limit: 10n } });
      }
    }
    const leaky = throughJson(Echo, new Leaky());
    await expect(leaky.say({ what: 1 })).rejects.toThrow(
      'the answer of test.echo.say does not survive JSON: $.at',
    );
    await expect(leaky.refuse({ facts: {} })).rejects.toThrow('$.facts.limit: a bigint');
  });

  it('fails a port that throws a code no catalogue declares', async () => {
    class Unlisted extends LocalEcho {
      override async refuse(): Promise<never> {
        throw new Problem('TEST_UNLISTED', { status: 409, title: 'No', retryable: false }, { detail: 'no' });
      }
    }
    await expect(throughJson(Echo, new Unlisted()).refuse({ facts: {} })).rejects.toThrow(
      'no catalogue declares',
    );
  });

  it('lets pass what JSON keeps', () => {
    class Fields {
      name = 'x';
      missing?: string;
    }
    for (const value of [undefined, null, 'x', 0, 1.5, [], { a: { b: [true] } }, new Fields()]) {
      expect(lostInJson(value)).toBeNull();
    }
  });
});
