import { runSoak } from './lib/soak.ts';

// The long run: a fault every few seconds, for minutes or for a day.
await runSoak({ script: 'soak', title: 'Soak report', minutes: '10', faultEvery: '2' });
