#!/usr/bin/env bash
# npm run bench [row …]: builds the server, installs the load generator, measures, writes bench/results/latest.json.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run --silent build
if [ ! -d bench/node_modules ]; then npm ci --prefix bench --no-audit --no-fund --silent; fi
exec node bench/run.mjs "$@"
