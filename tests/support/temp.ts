import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one test's own. Dispose it with `using`. */
export class TempFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'hearth-test-'));

  file(name: string): string {
    return join(this.path, name);
  }

  /** @returns the path */
  write(name: string, text: string): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
