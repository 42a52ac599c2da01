import type { McpProcess } from './mcp.js';

type Step = readonly [tool: string, args: Record<string, unknown>];

const ada = { name: 'Ada', entityType: 'person', observations: ['wrote the first program', 'likes Ärger'] };
const engine = { name: 'Engine', entityType: 'machine', observations: [] };
const wrote = { from: 'Ada', to: 'Engine', relationType: 'programs' };
const dangling = { from: 'Ada', to: 'nobody', relationType: 'knows' };

/** What the reference server does, step by step: both servers must answer each alike. */
export const STEPS: readonly Step[] = [
  ['read_graph', {}],
  ['search_nodes', { query: '' }],
  ['create_entities', { entities: [ada, engine] }],
  [
    'create_entities',
    {
      entities: [
        { ...ada, observations: ['is ignored'] },
        { name: 'Byron', entityType: 'person', observations: ['', 'twice', 'twice'] },
      ],
    },
  ],
  ['create_entities', { entities: [] }],
  ['create_entities', { entities: [{ name: '', entityType: '', observations: [] }] }],
  ['create_relations', { relations: [wrote, dangling] }],
  ['create_relations', { relations: [wrote, { ...wrote, relationType: 'repairs' }, { from: 'Byron', to: 'Ada', relationType: 'is father of' }] }],
  [
    'add_observations',
    {
      observations: [
        { entityName: 'Ada', contents: ['likes Ärger', 'new', 'newer'] },
        { entityName: 'Engine', contents: ['brass'] },
      ],
    },
  ],
  [
    'add_observations',
    {
      observations: [
        { entityName: 'Ada', contents: ['lost with the rest'] },
        { entityName: 'Nemo', contents: ['x'] },
      ],
    },
  ],
  [
    'add_observations',
    {
      observations: [
        { entityName: 'Byron', contents: ['a'] },
        { entityName: 'Byron', contents: ['a', 'b'] },
      ],
    },
  ],
  ['read_graph', {}],
  ...['ada', 'ADA', 'PERSON', 'ÄRGER', 'first prog', '100%', '_', '\\', "'; drop table x; --", 'nothing', 'a'].map(
    (query): Step => ['search_nodes', { query }],
  ),
  ['open_nodes', { names: ['Engine', 'Ada', 'Nemo', 'Ada'] }],
  ['open_nodes', { names: ['Byron'] }],
  ['open_nodes', { names: [] }],
  [
    'delete_observations',
    {
      deletions: [
        { entityName: 'Ada', observations: ['new', 'unknown'] },
        { entityName: 'Nemo', observations: ['x'] },
      ],
    },
  ],
  ['delete_observations', { deletions: [{ entityName: 'Byron', observations: ['twice'] }] }],
  [
    'delete_relations',
    {
      relations: [
        { ...wrote, relationType: 'repairs' },
        { from: 'x', to: 'y', relationType: 'z' },
      ],
    },
  ],
  ['read_graph', {}],
  ['delete_entities', { entityNames: ['Engine', 'Nemo', 'nobody'] }],
  ['delete_entities', { entityNames: ['Engine'] }],
  ['read_graph', { unknown: 'argument' }],
  ['create_entities', { entities: [{ ...engine, observations: ['again'], unknown: 'key' }] }],
  ['search_nodes', { query: 'again' }],
  [
    'create_entities',
    {
      entities: [{ name: 'emoji 🙂 \u2028 "quotes" \\ back', entityType: 'tab\tnew\nline', observations: ['{"json": true}', 'null', '{}', 'NULL'] }],
    },
  ],
  ['read_graph', {}],
];

export async function play(server: McpProcess): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [tool, args] of STEPS) answers.push({ tool, args, ...(await server.call(tool, args)) });
  const { contents } = await server.client.readResource({ uri: 'memory://knowledge-graph' });
  return [...answers, contents, (await server.client.listResources()).resources];
}
