import { describe, expect, it } from 'vitest';
import { freshDatabase } from '../../../test/support/database.js';
describe('x', () => {
  it('works', async () => {
    for (let n = 0; n < 5; n++) {
      const t0 = performance.now();
      const f = await freshDatabase();
      const t1 = performance.now();
      expect(
        (await f.database.query('SELECT count(*) > 0 AS n, 1.50::numeric AS d FROM platform.migrations'))
          .rows[0],
      ).toEqual({ n: true, d: '1.50' });
      const t2 = performance.now();
      await f.drop();
      console.log(t1 - t0, t2 - t1, performance.now() - t2);
    }
  });
});
