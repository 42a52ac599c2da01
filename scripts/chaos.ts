import { runSoak } from './lib/soak.ts';

// The hard run: faults on top of each other, for a short time.
await runSoak({ script: 'chaos', title: 'Chaos report', minutes: '2', faultEvery: '0.3' });
