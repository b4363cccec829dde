/** What is broken on purpose, and the specs that must notice. No database: thousands of runs have to be quick. */
export const specs = [
  'src/trading/orders/*.spec.ts',
  'src/trading/ledger/ledger.spec.ts',
  'src/trading/positions/*.spec.ts',
  'src/trading/risk/!(global-losses).spec.ts',
  'src/trading/desk/amend-order.spec.ts',
  'src/trading/desk/close-position.spec.ts',
  'src/trading/desk/due.spec.ts',
  'src/trading/desk/order-lists.spec.ts',
  'src/trading/desk/latency.spec.ts',
  'src/trading/desk/desk-against-naive.property.spec.ts',
  'src/trading/desk/desk.property.spec.ts',
  'src/trading/venues/paper/*.spec.ts',
];

export const groups = {
  ledger: ['src/trading/ledger/ledger.ts'],
  positions: ['src/trading/positions/position.ts'],
  orders: [
    'src/trading/orders/order.ts',
    'src/trading/orders/order-content.ts',
    'src/trading/orders/order-transitions.ts',
    'src/trading/orders/order-types.ts',
  ],
  risk: [
    'src/trading/risk/account-rules.ts',
    'src/trading/risk/account-worth.ts',
    'src/trading/risk/instrument-rules.ts',
    'src/trading/risk/limits.ts',
    'src/trading/risk/order-rate.ts',
    'src/trading/risk/risk-gate.ts',
    'src/trading/risk/risk-scene.ts',
    'src/trading/risk/rule.ts',
    'src/trading/risk/state-rules.ts',
  ],
};
