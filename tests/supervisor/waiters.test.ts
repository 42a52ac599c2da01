import { describe, expect, it } from 'vitest';
import { HearthError } from '../../src/errors.js';
import { Waiters } from '../../src/supervisor/waiters.js';
import { failureOf } from './support.js';

const error = (text: string) => new HearthError('unavailable', text);
const never = (): HearthError => error('too long');

describe('Waiters', () => {
  it('all go on together', async () => {
    const waiters = new Waiters();
    const waiting = [waiters.wait(60_000, never), waiters.wait(60_000, never)];
    waiters.release();
    await Promise.all(waiting);
  });

  it('all fail together', async () => {
    const waiters = new Waiters();
    const waiting = [failureOf(waiters.wait(60_000, never)), failureOf(waiters.wait(60_000, never))];
    waiters.release(error('gone'));
    expect(await Promise.all(waiting)).toMatchObject([{ message: 'gone' }, { message: 'gone' }]);
  });

  it('fail one by one at their limits, with an error made then', async () => {
    const waiters = new Waiters();
    let why = 'before';
    const short = failureOf(waiters.wait(20, () => error(why)));
    const long = waiters.wait(60_000, never);
    why = 'at the limit';
    expect(await short).toMatchObject({ message: 'at the limit' });
    waiters.release();
    await long;
  });
});
