/** The name of a server as LiteLLM has it: letters, digits and underscores, since dashes divide it from the tool there. */
export function litellmName(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, '_');
}
