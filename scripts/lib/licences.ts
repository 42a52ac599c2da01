import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ALLOWED: ReadonlySet<string> = new Set([
  ...['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0', 'CC0-1.0', 'Python-2.0', 'Unlicense'],
]);

/** Packages with another licence, or with none that a program can read, and why they are fine. */
export const EXCEPTIONS: Readonly<Record<string, { readonly licence: string; readonly reason: string }>> = {
  ...Object.fromEntries(
    ['everything', 'filesystem', 'memory', 'sequential-thinking'].map((name) => [
      `@modelcontextprotocol/server-${name}`,
      { licence: 'SEE LICENSE IN LICENSE', reason: 'the README says MIT; the file that is named is not in the package' },
    ]),
  ),
  pako: { licence: '(MIT AND Zlib)', reason: 'Zlib asks for no more than MIT does' },
};

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

interface Lock {
  readonly packages: Readonly<Record<string, { version?: string; license?: string; dev?: boolean; link?: boolean }>>;
}

/** What is installed without devDependencies, by package-lock.json; each licence from the package itself where it is there. */
export function productionPackages(root: string): Package[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  return Object.entries(packages)
    .filter(([path, { dev, link }]) => path !== '' && !dev && !link)
    .map(([path, { version = '', license }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: installedLicence(join(root, path)) ?? license ?? '',
    }));
}

/** Undefined where the package is not installed (it is for another platform) or names none. */
function installedLicence(folder: string): string | undefined {
  try {
    const { license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license?: unknown };
    return typeof license === 'string' ? license : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an SPDX expression can be met by licences that are allowed. What is not understood is not. */
export function isAllowed(expression: string, allowed: ReadonlySet<string> = ALLOWED): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const all = (): boolean => series('AND', one);
  const any = (): boolean => series('OR', all);
  function series(word: string, part: () => boolean): boolean {
    const parts = [part()];
    while (tokens[at] === word) {
      at++;
      parts.push(part());
    }
    return word === 'AND' ? parts.every(Boolean) : parts.some(Boolean);
  }
  function one(): boolean {
    const token = tokens[at++];
    if (token !== '(') return token !== undefined && allowed.has(token);
    const inner = any();
    return tokens[at++] === ')' && inner;
  }
  const result = any();
  return result && at === tokens.length;
}

/** What is wrong, a sentence each; exceptions that are no longer needed too. */
export function licenceProblems(packages: readonly Package[], exceptions = EXCEPTIONS): string[] {
  const refused = packages.filter(({ name, licence }) => !isAllowed(licence) && exceptions[name]?.licence !== licence);
  const unused = Object.keys(exceptions).filter((name) => !packages.some((each) => each.name === name && !isAllowed(each.licence)));
  return [
    ...refused.map(({ name, version, licence }) => `${name}@${version} has the licence "${licence}", which is not allowed`),
    ...unused.map((name) => `the exception for ${name} is not needed any more`),
  ];
}
