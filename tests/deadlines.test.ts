import { expect, it } from 'vitest';
import { Deadlines } from '../src/deadlines.js';
import { until } from './support/app.js';

it('lets each fall due once, in the order of their beginning, and none that was ended', async () => {
  const limit = new Deadlines(40);
  const due: string[] = [];
  const [, ended, again] = ['first', 'ended', 'again', 'last'].map((name) => limit.begin(() => due.push(name)));
  ended?.end();
  await new Promise((resolve) => setTimeout(resolve, 20));
  again?.end();
  limit.begin(() => due.push('again'));
  ended?.end();
  expect(due).toEqual([]);
  await until(() => due.length === 3);
  expect(due).toEqual(['first', 'last', 'again']);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(due).toHaveLength(3);
});

it('begins again after everything has ended', async () => {
  const limit = new Deadlines(10);
  const due: number[] = [];
  for (const round of [1, 2]) {
    limit.begin(() => due.push(round));
    await until(() => due.length === round);
  }
  expect(due).toEqual([1, 2]);
});
