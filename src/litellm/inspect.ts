import { isMap, isPair, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml';

export interface Finding {
  readonly line: number | undefined;
  readonly level: 'error' | 'warning';
  readonly message: string;
}

export interface FoundServer {
  readonly name: string;
  readonly line: number | undefined;
  readonly url: string;
  readonly transport: 'sse' | 'http';
}

export interface Inspection {
  readonly findings: readonly Finding[];
  /** Servers with a URL that can be tried. */
  readonly servers: readonly FoundServer[];
}

const TRANSPORTS = ['sse', 'http', 'stdio'];
const MISPLACED = ['litellm_settings', 'general_settings', 'router_settings'];

/**
 * Finds the mistakes in a LiteLLM config that make MCP servers silently disappear, as they were seen with LiteLLM 1.106.
 * @param text YAML
 */
export function inspectLitellm(text: string): Inspection {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (node: unknown): number | undefined => {
    const range = (node as { range?: [number, number, number] | null } | null)?.range;
    return range ? lines.linePos(range[0]).line : undefined;
  };
  const findings: Finding[] = document.errors.map(({ pos, message }) => ({ line: lines.linePos(pos[0]).line, level: 'error', message }));
  if (findings.length > 0) return { findings, servers: [] };
  const add = (node: unknown, level: Finding['level'], message: string): void => void findings.push({ line: lineOf(node), level, message });
  for (const section of MISPLACED) {
    const misplaced: unknown = document.getIn([section, 'mcp_servers'], true);
    if (misplaced) add(misplaced, 'error', `${section}.mcp_servers is ignored by LiteLLM: move "mcp_servers" to the top level`);
  }
  const servers: unknown = document.get('mcp_servers', true);
  if (!isMap(servers)) {
    add(servers, 'error', 'there is no "mcp_servers" mapping at the top level: LiteLLM will list no tools');
    return { findings, servers: [] };
  }
  const found = servers.items.flatMap((pair) =>
    isPair(pair) && isScalar(pair.key) ? (inspectServer(String(pair.key.value), pair.key, pair.value, add) ?? []) : [],
  );
  return { findings, servers: found.map((server) => ({ ...server, line: lineOf(server.node) })).map(({ node: _node, ...server }) => server) };
}

type Add = (node: unknown, level: Finding['level'], message: string) => void;

function inspectServer(name: string, key: unknown, value: unknown, add: Add): (Omit<FoundServer, 'line'> & { node: unknown }) | undefined {
  if (name.includes('-')) add(key, 'error', `"${name}": a dash in a server's name stops LiteLLM at its start; write "${name.replaceAll('-', '_')}"`);
  if (!isMap(value)) {
    add(key, 'error', `"${name}" must be a mapping with "url" and "transport"`);
    return undefined;
  }
  const transport = textAt(value, 'transport') ?? 'http';
  if (!TRANSPORTS.includes(transport))
    add(value.get('transport', true), 'error', `"${name}": transport "${transport}" is unknown; one of ${TRANSPORTS.join(', ')}`);
  const url = textAt(value, 'url');
  if (transport === 'stdio') return undefined;
  if (url === undefined || !URL.canParse(url)) {
    if (!url?.startsWith('os.environ/')) add(value.get('url', true) ?? key, 'error', `"${name}" needs a "url" with http:// or https://`);
    return undefined;
  }
  const path = new URL(url).pathname;
  if (path.endsWith('/sse') && transport === 'http') {
    add(
      value,
      'error',
      `"${name}": the URL ends with /sse, but the transport is http${value.has('transport') ? '' : ' (the default)'}; write "transport: sse"`,
    );
  } else if (path.endsWith('/mcp') && transport === 'sse') {
    add(value, 'error', `"${name}": the URL ends with /mcp, but the transport is sse; write "transport: http"`);
  }
  if (transport === 'sse' && (textAt(value, 'protocol_version') ?? '') >= '2026') {
    add(value.get('protocol_version', true), 'error', `"${name}": protocol_version 2026-07-28 needs transport http`);
  }
  return { name, url, transport: path.endsWith('/sse') ? 'sse' : transport === 'sse' ? 'sse' : 'http', node: key };
}

/** YAML turns dates into other things; the text is what counts here. */
function textAt(map: YAMLMap, key: string): string | undefined {
  const node: unknown = map.get(key, true);
  if (!isScalar(node) || node.value === null) return undefined;
  return node.source ?? String(node.value);
}
