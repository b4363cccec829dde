/**
 * How a call may be treated on the wire: `read` may be repeated; `keyed` carries its own idempotency key
 * and may be repeated; `act` is sent once and an unknown outcome stays unknown.
 */
export type PortMethodKind = 'read' | 'keyed' | 'act';

export interface PortDescription<Port = unknown> {
  /** `module.concept`, e.g. `trading.orders`. */
  readonly name: string;
  readonly methods: { readonly [Method in keyof Port]: PortMethodKind };
}

/**
 * A port is an abstract class: one symbol is both type and DI token. Every method is async,
 * takes one plain object and returns plain data; whatever passes through survives JSON.
 */
export interface PortClass<Port extends object = object> {
  readonly port: PortDescription<Port>;
  readonly prototype: Port;
  readonly name: string;
}
