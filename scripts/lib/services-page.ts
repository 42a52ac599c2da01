import type { Service } from '../../src/config/service-schema.ts';

interface Named {
  readonly name: string;
  readonly service: Service;
}

const PREAMBLE = `# Services

<!-- Written by scripts/generate-docs.ts from wrappers/*/service.yaml. Do not edit; run \`npm run docs\`. -->

A service is an MCP server that hearth knows: its command line, its variables, how it is stopped and shared, and a real call that
shows whether it works. One line of a config, or of a command line, runs it:

\`\`\`yaml
servers:
  memory: {service: memory} # anything else that is written here goes before what the service says
\`\`\`

\`\`\`sh
hearth wrap --service memory
\`\`\`

Variables come from \`env\` of the server, else from hearth's own environment, else from the file that \`NAME_FILE\` names. A server
that lacks one that it needs is not started: its state is \`needs-config\`, with the names, and everything else works. Each service is
a file \`wrappers/<name>/service.yaml\`; its form is [config/service.schema.json](../config/service.schema.json).

\`hearth add NAME\` writes one into hearth.yaml, and says what it needs. Those without a port are the catalog: hearth knows how they are run, and
has no image of them. Their programs were started by hand; with accounts of those services they have not been tried.

`;

/** docs/services.md */
export function servicesPage(all: readonly Named[]): string {
  const byPort = [...all].sort((a, b) => portOf(a) - portOf(b));
  const rows = byPort.map(({ name, service }) => `| [${name}](#${name}) | ${service.container?.port ?? ''} | ${service.description} |`);
  const table = ['| service | port in the compose file | what it does |', '|---|---|---|', ...rows].join('\n');
  return `${PREAMBLE}${table}\n\n${byPort.map(section).join('\n')}`;
}

/** Those of the catalog, which have none, come last. */
function portOf({ service }: Named): number {
  return service.container?.port ?? Number.MAX_SAFE_INTEGER;
}

function section({ name, service }: Named): string {
  const { title, description, homepage, install, env, server } = service;
  const check = server.check as { tool?: string } | undefined;
  const facts = [
    homepage === undefined ? 'By this project.' : `By others: <${homepage}>.`,
    ...(install === undefined ? [] : [`To install: ${install}.`]),
    `Policy \`${String(server.policy ?? 'shared')}\`.`,
    ...(check?.tool === undefined ? [] : [`Checked by \`${check.tool}\`.`]),
  ];
  const page = service.container === undefined ? [] : [`Its tools: [api/${name}.md](api/${name}.md).`, ''];
  return [`## ${name}`, '', `**${title}.** ${description}`, '', facts.join(' '), '', ...variables(env), ...page].join('\n');
}

function variables(env: Service['env']): string[] {
  const rows = Object.entries(env).map(([name, { description, required, secret, default: fallback }]) => {
    const marks = [...(required ? ['**needed**'] : []), ...(secret ? ['secret'] : [])].join(', ');
    return `| \`${name}\` | ${marks} | ${fallback === '' ? '' : `\`${fallback}\``} | ${description} |`;
  });
  return rows.length === 0 ? [] : ['| variable | | default | |', '|---|---|---|---|', ...rows, ''];
}
