import { stringify } from 'yaml';
import { litellmName } from './name.js';

export interface LitellmServer {
  /** The name that hearth knows it by. */
  readonly name: string;
  readonly url: string;
}

export interface LitellmOptions {
  readonly transport: 'sse' | 'http';
  /** Protocol revision to pin; LiteLLM finds one out otherwise. */
  readonly era: string | undefined;
  /** Longest time of one call, in milliseconds. */
  readonly requestTimeout: number;
  /** Name of the environment variable with hearth's key, if hearth asks for one. */
  readonly keyVariable: string | undefined;
}

/** LiteLLM gives up at its own limit; a little later than hearth, so that hearth's error is the one that is seen. */
const GRACE_SECONDS = 5;

const HEADER = `# A LiteLLM proxy in front of hearth. Made by "hearth litellm"; do not edit, run it again.
#
# LiteLLM reads "mcp_servers" at the top level only: under "litellm_settings" it is silently ignored, and the list of tools
# is empty. Names have underscores, since a dash in one stops LiteLLM at its start. Check a file of your own with
# "hearth doctor --litellm FILE".
`;

/** A complete config of the LiteLLM proxy for some servers, as YAML. */
export function litellmConfig(servers: readonly LitellmServer[], options: LitellmOptions): string {
  const config = {
    model_list: [
      {
        model_name: 'default',
        litellm_params: { model: 'openai/default', api_base: 'os.environ/OPENAI_API_BASE', api_key: 'os.environ/OPENAI_API_KEY' },
      },
    ],
    general_settings: { master_key: 'os.environ/LITELLM_MASTER_KEY' },
    mcp_servers: Object.fromEntries(servers.map(({ name, url }) => [litellmName(name), entryOf(url, options)])),
  };
  return HEADER + stringify(config, { lineWidth: 0 });
}

function entryOf(url: string, { transport, era, requestTimeout, keyVariable }: LitellmOptions): Record<string, unknown> {
  return {
    url,
    transport,
    ...(era !== undefined && { protocol_version: era }),
    timeout: Math.ceil(requestTimeout / 1_000) + GRACE_SECONDS,
    ...(keyVariable !== undefined && { auth_type: 'bearer_token', auth_value: `os.environ/${keyVariable}` }),
  };
}
