import { describe, expect, it } from 'vitest';
import { accessOf, Public, RequireRole } from './access.js';

@RequireRole('trader')
class Orders {
  list(): void {}

  @RequireRole('admin')
  erase(): void {}

  @Public()
  hello(): void {}
}

class MoreOrders extends Orders {}

class Unmarked {
  route(): void {}
}

describe('what a route asks of its caller', () => {
  it("is its own word, else its controller's, else nothing at all", () => {
    expect(accessOf(Orders.prototype.erase, Orders)).toBe('admin');
    expect(accessOf(Orders.prototype.hello, Orders)).toBe('public');
    expect(accessOf(Orders.prototype.list, Orders)).toBe('trader');
    expect(accessOf(Unmarked.prototype.route, Unmarked)).toBeNull();
  });

  it('is inherited with the controller', () => {
    expect(accessOf(MoreOrders.prototype.list, MoreOrders)).toBe('trader');
    expect(accessOf(MoreOrders.prototype.erase, MoreOrders)).toBe('admin');
  });
});
