import { CommanderError, InvalidArgumentError } from 'commander';
import { ConfigError } from '../config/issues.js';
import { reasonOf } from '../errors.js';

/** What the shell is told. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** An error that ends the command with a certain exit code; its message is all that the user sees. */
export class ExitError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another with --port (0 picks a free one)',
  EACCES: 'no permission for this port; choose one above 1023 with --port',
  EADDRNOTAVAIL: 'this address does not belong to the machine; choose another with --host',
};

/** Prints an error for people and returns the exit code that goes with it. */
export function report(error: unknown, print: (text: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // commander has printed it
  if (error instanceof ExitError) {
    if (error.message) print(`hearth: ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ConfigError) {
    print(`${error.message}\n`);
    return EXIT.usage;
  }
  const { code, syscall, address, port } = error as { code?: string; syscall?: string; address?: string; port?: number };
  if (syscall === 'listen' || syscall === 'bind') {
    print(`hearth: cannot listen on ${address}:${port}: ${LISTEN_ERRORS[code ?? ''] ?? reasonOf(error)}.\n`);
    return EXIT.failed;
  }
  print(`hearth: ${reasonOf(error)}\n`);
  return EXIT.failed;
}

/** For option parsers: the message is shown beside the option. */
export function invalidArgument(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message);
}
