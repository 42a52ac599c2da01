export type Log = (text: string) => void;

/** Lines on stderr: stdout belongs to the protocol. `secrets` never appear in them. */
export function stderrLog(program: string, redact: (text: string) => string): Log {
  return (text) => process.stderr.write(`${program}: ${redact(text)}\n`);
}
