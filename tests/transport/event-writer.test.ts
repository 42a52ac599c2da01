import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EventWriter } from '../../src/transport/event-writer.js';
import { until } from '../support/app.js';

let answer: (res: ServerResponse) => void;
const server = createServer((_req, res) => answer(res));
let url: string;

beforeEach(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const settings = { heartbeat: 1_000, maxBuffered: 1_000, maxEvent: 0 };

it('writes each event at once and on one data line, whatever is in it', async () => {
  answer = (res) => {
    const writer = new EventWriter(res, settings, { onClose: () => {} }, { 'X-Own': 'yes' });
    writer.event('first', 'a\r\nevent: forged');
    writer.message('{"a":\n1,\r"b":"\u2028"}');
    writer.end();
  };
  const response = await fetch(url);
  expect(response.headers.get('x-own')).toBe('yes');
  expect(await response.text()).toBe('event: first\ndata: a  event: forged\n\nevent: message\ndata: {"a": 1, "b":"\\u2028"}\n\n');
});

it('is closed once, and whatever comes after its end is dropped', async () => {
  const closed: boolean[] = [];
  answer = (res) => {
    const writer = new EventWriter(res, settings, { onClose: (tooSlow) => closed.push(tooSlow) });
    writer.message('{}');
    writer.end();
    writer.message('{"late":true}');
    writer.end();
    expect(writer.open).toBe(false);
  };
  expect(await (await fetch(url)).text()).toBe('event: message\ndata: {}\n\n');
  await until(() => closed.length === 1);
  expect(closed).toEqual([false]);
});

it('gives up on a client past the limit, after one message more', async () => {
  const closed: boolean[] = [];
  answer = (res) => {
    const writer = new EventWriter(res, settings, { onClose: (tooSlow) => closed.push(tooSlow) });
    while (writer.open) writer.message('x'.repeat(1_000_000));
  };
  await expect((await fetch(url)).text()).rejects.toThrow();
  expect(closed).toEqual([true]);
});
