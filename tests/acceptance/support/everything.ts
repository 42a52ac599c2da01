import type { Peer } from './peers.js';

type Entry = readonly [step: string, outcome: unknown];

/** Calls that say something about every tool of server-everything, except those that depend on the machine. */
const CALLS: ReadonlyArray<readonly [name: string, args: Record<string, unknown>]> = [
  ['echo', { message: 'hello — ünïcödé 🎉 \u2028 end' }],
  ['get-annotated-message', { messageType: 'error', includeImage: true }],
  ['get-resource-links', { count: 3 }],
  ['get-resource-reference', { resourceType: 'Text', resourceId: 2 }],
  ['get-structured-content', { location: 'New York' }],
  ['get-sum', { a: 2.5, b: 40 }],
  ['get-tiny-image', {}],
  ['gzip-file-as-resource', { name: 'a.gz', data: 'data:text/plain;base64,aGVsbG8=', outputType: 'resource' }],
  ['get-roots-list', {}],
  ['trigger-sampling-request', { prompt: 'Say something', maxTokens: 10 }],
  ['trigger-elicitation-request', {}],
  ['no-such-tool', {}],
  ['get-sum', { a: 'not a number' }],
];

/** Does with server-everything what it offers, and writes down every outcome. */
export async function exerciseEverything(peer: Peer): Promise<Entry[]> {
  const log: Entry[] = [];
  const note = async (step: string, act: () => Promise<unknown>): Promise<void> => {
    log.push([step, await act().catch((error: unknown) => ({ thrown: String(error) }))]);
  };
  await note('server', () => Promise.resolve(peer.serverInfo));
  await note('tools/list', () => peer.listTools());
  for (const [name, args] of CALLS) await note(`call ${name}`, () => peer.callTool(name, args));
  await note('resources/list', () => peer.listResources());
  await note('resources/templates/list', () => peer.listResourceTemplates());
  await note('resources/read', () => peer.readResource('demo://resource/dynamic/text/7'));
  await note('resources/read unknown', () => peer.readResource('demo://nowhere'));
  await note('prompts/list', () => peer.listPrompts());
  await note('prompts/get', () => peer.getPrompt('args-prompt', { city: 'Oslo', state: 'Oslo' }));
  await note('prompts/get resource', () => peer.getPrompt('resource-prompt', { resourceType: 'Text', resourceId: '1' }));
  await note('completion', () =>
    peer.complete({ ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value: 'E' } }),
  );
  await note('progress', async () => {
    const args = { duration: 1, steps: 4 };
    const result = await peer.callTool('trigger-long-running-operation', args, { onprogress: () => {} });
    return { seen: [...peer.progress], result };
  });
  await note('cancellation', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort('enough'), 200);
    const outcome = await peer
      .callTool('trigger-long-running-operation', { duration: 20, steps: 2 }, { signal: abort.signal })
      .catch(() => 'aborted');
    return [outcome, await peer.ping()];
  });
  await note('logging/setLevel', () => peer.setLevel('debug'));
  await note('subscribe', () => peer.subscribe('demo://resource/dynamic/text/7'));
  await note('unsubscribe', () => peer.unsubscribe('demo://resource/dynamic/text/7'));
  await note('ping', () => peer.ping());
  return log;
}

/** Times differ from run to run; nothing else may. */
export function withoutTimes(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replace(/\d{1,2}:\d{2}:\d{2}\s?(?:AM|PM)?/g, 'TIME')
      .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'TIME'),
  );
}
