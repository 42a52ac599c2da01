/** Lines to paste into clients, by client. */
export function pasteLines(url: string): { litellm: string; claudeCode: string; vscode: string } {
  return {
    litellm: `mcp_servers: {hearth: {url: "${url}/sse", transport: sse}}`,
    claudeCode: `claude mcp add --transport http hearth ${url}/mcp`,
    vscode: `{"servers": {"hearth": {"type": "http", "url": "${url}/mcp"}}}`,
  };
}

/** The same for people at a terminal, with every URL they may want. */
export function pasteHint(url: string, servers: readonly string[]): string {
  const bare = servers.length > 1 ? `\n  One server alone   ${url}/servers/${servers[0]}/mcp  (${servers.join(', ')})` : '';
  const { litellm, claudeCode, vscode } = pasteLines(url);
  return `
  SSE                ${url}/sse
  Streamable HTTP    ${url}/mcp${bare}
  Health, status     ${url}/health  ${url}/status  ${url}/metrics

  LiteLLM            ${litellm}
  Claude Code        ${claudeCode}
  VS Code            ${vscode}
`;
}
