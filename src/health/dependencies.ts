import { type Address, addressOf, unreachable } from './dependency.js';

interface Dependency {
  readonly name: string;
  readonly address: Address;
  /** Why it cannot be reached; undefined if it can, or if nobody has looked yet. */
  why: string | undefined;
}

const LIMIT_MS = 3_000;

/** What one server needs over the network, and whether it is there. */
export class Dependencies {
  readonly #all: Dependency[];

  /** @param texts addresses by name; empty ones and those without host and port are left out */
  constructor(texts: Readonly<Record<string, string>>) {
    this.#all = Object.entries(texts).flatMap(([name, text]) => {
      const address = addressOf(text);
      return address ? [{ name, address, why: undefined }] : [];
    });
  }

  get size(): number {
    return this.#all.length;
  }

  /** Those that cannot be reached, for people. */
  get problem(): string | undefined {
    const missing = this.#all.filter(({ why }) => why !== undefined).map((each) => `${each.name} at ${label(each)}: ${each.why}`);
    return missing.length === 0 ? undefined : missing.join('; ');
  }

  async look(): Promise<void> {
    await Promise.all(
      this.#all.map(async (each) => {
        each.why = await unreachable(each.address, LIMIT_MS);
      }),
    );
  }

  report(): Array<Record<string, unknown>> {
    return this.#all.map((each) => ({
      name: each.name,
      address: label(each),
      reachable: each.why === undefined,
      ...(each.why && { error: each.why }),
    }));
  }
}

function label({ address: { host, port } }: Dependency): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
