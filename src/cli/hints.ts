/** What a person wants to paste next, once hearth listens. */
export function pasteHint(url: string, servers: readonly string[]): string {
  const bare = servers.length > 1 ? `\n  One server alone   ${url}/servers/${servers[0]}/mcp  (${servers.join(', ')})` : '';
  return `
  SSE                ${url}/sse
  Streamable HTTP    ${url}/mcp${bare}
  Health, status     ${url}/health  ${url}/status  ${url}/metrics

  LiteLLM            mcp_servers: {hearth: {url: "${url}/sse", transport: sse}}
  Claude Code        claude mcp add --transport http hearth ${url}/mcp
  VS Code            {"servers": {"hearth": {"type": "http", "url": "${url}/mcp"}}}
`;
}
