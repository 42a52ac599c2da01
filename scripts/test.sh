#!/usr/bin/env bash
# Everything that has to hold before a change goes in. Arguments go to vitest: npm test -- tests/router
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

step() { printf '\n== %s\n' "$1"; }

step build
npm run -s build

step lint
biome check --error-on-warnings .

step typecheck
tsc -p tsconfig.json

step 'generated files'
node scripts/generate-docs.ts --check
node scripts/api-pages.ts --check
node scripts/generate-dashboard.ts --check

step 'file lengths'
node scripts/check-lengths.ts

step 'licences and secrets'
node scripts/check-licences.ts
node scripts/check-secrets.ts

step 'cost of a call'
node scripts/bench-guard.ts

step tests
vitest run --coverage --reporter=default --reporter=json --outputFile.json=coverage/report.json "$@"
