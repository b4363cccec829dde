/**
 * The borders between the rooms of the house (docs/architecture.md), as rules. test/architecture/borders.spec.ts
 * runs them in the ordinary suite and proves that each of them catches its planted violation.
 * By hand: npx depcruise src migrations
 */

const suffixes =
  'service|repository|entity|adapter|controller|module|config|metrics|worker|guard|filter|interceptor|pipe|gateway|command';
/** A file whose name confesses I/O. */
const suffixed = `\\.(${suffixes})\\.ts$`;
const spec = '\\.spec\\.ts$';
const modules = 'data|ml|trading|gateway|monitoring';
/** Built-in parts of Node that compute and touch nothing outside. `crypto` hashes; its randomness is the tidy spec's. */
const pureBuiltins = '^(assert|buffer|crypto|path|querystring|string_decoder|url|util|zlib)(/|$)';
/** Packages that compute and touch nothing: codecs of a file format, and the map that decorators write to. */
const purePackages = 'node_modules/(onnx-buf|@bufbuild/protobuf|reflect-metadata)/';
/** Files that wire the house and therefore know all of it. */
const root = '^src/(app\\.module|server|main)\\.ts$';
/** Anything a file may import that is not one of our own. */
const npm = '(^|/)node_modules/';

/** `from` may know nothing of src but its own folder and what `allowed` names. */
const onlyKnows = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((path) => `^src/${path}/`)] },
});

/** Files in a module (or the kernel) without a role suffix: they compute and touch nothing. */
const pure = { path: `^src/(kernel|${modules})/`, pathNot: [suffixed, spec] };

const forbidden = [
  onlyKnows(
    'kernel-knows-nobody',
    'kernel',
    [],
    'The kernel is what everybody speaks; it knows no other folder.',
  ),
  onlyKnows('platform-knows-kernel', 'platform', ['kernel'], 'Plumbing knows no business.'),
  onlyKnows('monitoring-knows-kernel', 'monitoring', ['kernel'], 'Monitoring watches through the kernel.'),
  onlyKnows('data-borders', 'data', ['kernel', 'platform'], 'Market truth knows nobody who uses it.'),
  onlyKnows(
    'ml-borders',
    'ml',
    ['kernel', 'platform', 'data/contract'],
    'Opinion comes from market data alone.',
  ),
  onlyKnows(
    'trading-borders',
    'trading',
    ['kernel', 'platform', 'data/contract', 'ml/contract'],
    'Decisions know market data and opinions by their contracts.',
  ),
  onlyKnows(
    'gateway-borders',
    'gateway',
    ['kernel', 'platform', '(data|ml|trading)/contract'],
    'The outward face knows contracts, never what stands behind them.',
  ),
  {
    name: 'nobody-knows-gateway',
    comment: 'The gateway is a leaf: nothing behind it may need it.',
    severity: 'error',
    from: { path: '^(src|migrations)/', pathNot: ['^src/gateway/', root] },
    to: { path: '^src/gateway/' },
  },
  {
    name: 'nobody-knows-monitoring',
    comment: 'Monitoring watches; business code calls the Metrics port of the kernel.',
    severity: 'error',
    from: { path: '^(src|migrations)/', pathNot: ['^src/monitoring/', root] },
    to: { path: '^src/monitoring/' },
  },
  {
    name: 'contracts-know-contracts',
    comment: 'What a module shows to others is made of the kernel and of contracts, nothing else.',
    severity: 'error',
    from: { path: '^src/[^/]+/contract/', pathNot: spec },
    to: { pathNot: ['^src/kernel/', '^src/[^/]+/contract/'] },
  },
  {
    name: 'kernel-needs-class-validator-only',
    comment: 'The kernel must outlive every framework.',
    severity: 'error',
    from: { path: '^src/kernel/', pathNot: spec },
    to: { path: npm, pathNot: 'node_modules/class-validator/' },
  },
  {
    name: 'pure-files-need-no-package',
    comment: 'No Nest, no ORM, no driver in a file without a role suffix; only codecs.',
    severity: 'error',
    from: { ...pure, path: `^src/(${modules})/` },
    to: { path: npm, pathNot: purePackages },
  },
  {
    name: 'pure-files-touch-nothing',
    comment: 'No file system, network, process or thread in a file without a role suffix.',
    severity: 'error',
    from: pure,
    to: { dependencyTypes: ['core'], pathNot: pureBuiltins },
  },
  {
    name: 'pure-files-know-no-platform',
    comment: 'Only a suffixed file may reach for the platform.',
    severity: 'error',
    from: pure,
    to: { path: '^src/platform/' },
  },
  {
    name: 'pure-files-know-pure-files',
    comment: 'What imports a file that does I/O does I/O.',
    severity: 'error',
    from: pure,
    to: { path: suffixed },
  },
  {
    name: 'modules-are-wired-at-the-root',
    comment: 'app.module.ts is the only place that knows which modules there are.',
    severity: 'error',
    from: { path: '^src/', pathNot: [root, spec] },
    to: { path: '^src/.*\\.module\\.ts$' },
  },
  {
    name: 'nobody-knows-the-root',
    comment: 'The composition root is above everything.',
    severity: 'error',
    from: { path: '^(src|migrations)/', pathNot: root },
    to: { path: root },
  },
  {
    name: 'migrations-stand-alone',
    comment: 'A migration describes the past; code it imported would change under it.',
    severity: 'error',
    from: { path: '^migrations/' },
    to: { path: '^(src|test|bench)/' },
  },
  {
    name: 'product-without-tests',
    comment: 'Nothing that ships needs a test, a bench or a script.',
    severity: 'error',
    from: { path: '^(src|migrations)/', pathNot: spec },
    to: { path: [spec, '^(test|bench|scripts)/'] },
  },
  {
    name: 'product-without-dev-packages',
    comment: 'The image has no development dependencies, nor anything the manifest does not name.',
    severity: 'error',
    from: { path: '^(src|migrations)/', pathNot: spec },
    to: { path: npm, dependencyTypesNot: ['npm', 'npm-optional'] },
  },
  {
    name: 'ccxt-behind-its-adapter',
    comment: 'ccxt hands over floats; only the adapters that turn them into decimals may touch it.',
    severity: 'error',
    from: { path: '^src/', pathNot: 'ccxt[^/]*\\.adapter\\.ts$' },
    to: { path: '(^|node_modules/)ccxt(/|$)' },
  },
  {
    name: 'no-cycles',
    comment: 'Import cycles between injectables crash at start; between types they hide a missing concept.',
    severity: 'error',
    from: { path: '^(src|migrations)/' },
    to: { circular: true },
  },
  {
    name: 'no-barrels',
    comment: 'An index.ts hides who needs what.',
    severity: 'error',
    from: {},
    to: { path: ['^(src|migrations)/index\\.', '^(src|migrations)/.*/index\\.'] },
  },
  {
    name: 'everything-resolves',
    comment: 'An import that was not found was not checked either.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
];

module.exports = {
  forbidden,
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^test/fixtures/' },
    skipAnalysisNotInRules: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'types', 'default'],
    },
  },
};
