import { Client, ProtocolError, SdkHttpError, SSEClientTransport, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { reasonOf } from '../errors.js';
import { VERSION } from '../version.js';
import { EXIT, ExitError } from './exit.js';

const CONNECT_MS = 30_000;

/**
 * Runs something with a client of any MCP endpoint: Streamable HTTP in either era, or SSE, found out by trying.
 * @param address the endpoint, or a base URL whose /mcp and /sse are tried
 * @param headers sent with every request
 * @throws ExitError usage for a bad URL, unreachable when no way leads to a server, failed for its errors
 */
export async function withClient<T>(address: string, headers: Record<string, string>, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(parseUrl(address), headers);
  try {
    return await use(client);
  } catch (error) {
    if (error instanceof ProtocolError) throw new ExitError(EXIT.failed, `the server answered with error ${error.code}: ${error.message}`);
    throw error;
  } finally {
    // Ends the session too: leaving it to the idle limit would be a leak of half an hour.
    if (client.transport instanceof StreamableHTTPClientTransport) await client.transport.terminateSession().catch(() => {});
    await client.close();
  }
}

async function connect(url: URL, headers: Record<string, string>): Promise<Client> {
  const reasons: string[] = [];
  for (const { what, transport } of ways(url, headers)) {
    const client = new Client({ name: 'hearth-cli', version: VERSION }, { versionNegotiation: { mode: 'auto' } });
    try {
      await client.connect(transport(), { timeout: CONNECT_MS });
      return client;
    } catch (error) {
      reasons.push(`${what}: ${describe(error)}`);
      await client.close().catch(() => {});
    }
  }
  throw new ExitError(EXIT.unreachable, `cannot reach an MCP server at ${url.href}\n  ${reasons.join('\n  ')}`);
}

interface Way {
  readonly what: string;
  transport(): Transport;
}

function ways(url: URL, headers: Record<string, string>): Way[] {
  const options = { requestInit: { headers } };
  const isBase = url.pathname === '/';
  const http = isBase ? new URL('/mcp', url) : url;
  const sse = isBase ? new URL('/sse', url) : url;
  const both: Way[] = [
    { what: `Streamable HTTP at ${http.href}`, transport: () => new StreamableHTTPClientTransport(http, options) },
    { what: `SSE at ${sse.href}`, transport: () => new SSEClientTransport(sse, options) },
  ];
  return url.pathname.endsWith('/sse') ? both.reverse() : both;
}

function describe(error: unknown): string {
  if (error instanceof SdkHttpError) return `HTTP ${error.status}: ${error.message}`;
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? reasonOf(error) : `${reasonOf(error)} (${reasonOf(cause)})`;
}

function parseUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new ExitError(EXIT.usage, `"${address}" is not an http:// or https:// URL`);
}
