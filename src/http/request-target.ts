import type { IncomingMessage } from 'node:http';
import { HearthError } from '../errors.js';

/** What anybody wants to know of a request's target. A URL is one. */
export type RequestTarget = Pick<URL, 'pathname' | 'search' | 'searchParams'>;

/** What the URL parser would leave as it is. It has no dots, which may be segments that the parser takes out. */
const PLAIN = /^(\/[\w/-]*)(\?[\w=&-]*)?$/;

/** The request target; `//x` is a path here, not a host. @throws HearthError `invalid_request` */
export function targetOf({ url: target = '/' }: IncomingMessage): RequestTarget {
  const plain = PLAIN.exec(target);
  if (plain) return new PlainTarget(plain[1] as string, plain[2] ?? '');
  const text = target.startsWith('/') ? `http://hearth${target}` : target;
  if (!URL.canParse(text)) throw new HearthError('invalid_request', 'Bad request: the request target is malformed.');
  return new URL(text);
}

/** Most targets are plain, and parsing one as a URL costs more than answering it. */
class PlainTarget implements RequestTarget {
  constructor(
    readonly pathname: string,
    readonly search: string,
  ) {}

  get searchParams(): URLSearchParams {
    return new URLSearchParams(this.search);
  }
}
