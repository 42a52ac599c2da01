import type { ReadStream } from 'node:tty';
import { MAX_VALUE_BYTES } from '../secrets/backend.js';
import { EXIT, ExitError } from './exit.js';

/** A secret from a prompt that does not show it, or from stdin. Never from the command line, which everybody can read in `ps`. */
export function readSecret(name: string): Promise<string> {
  return process.stdin.isTTY ? prompt(`Value of ${name} (not shown): `, process.stdin) : fromPipe(name, process.stdin);
}

/** Without the last line end, which `echo` puts there. */
async function fromPipe(name: string, input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_VALUE_BYTES + 2) throw new ExitError(EXIT.usage, `the value of ${name} is larger than ${MAX_VALUE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

const [INTERRUPT, END, BACKSPACE, DELETE] = ['\x03', '\x04', '\b', '\x7f'];

/** In raw mode the terminal shows nothing by itself, and Ctrl-C arrives as a character. */
function prompt(question: string, input: ReadStream): Promise<string> {
  process.stderr.write(question);
  input.setRawMode(true).setEncoding('utf8');
  return new Promise((resolve, reject) => {
    let value = '';
    const finish = (act: () => void): void => {
      input.off('data', onData).setRawMode(false).pause();
      process.stderr.write('\n');
      act();
    };
    const onData = (text: string | Buffer): void => {
      for (const char of text.toString()) {
        const isEnd = char === '\r' || char === '\n' || char === END;
        if (isEnd || char === INTERRUPT) {
          finish(() => (isEnd ? resolve(value) : reject(new ExitError(EXIT.failed, 'nothing was changed'))));
          return; // the rest of a pasted text is nobody's
        }
        value = char === BACKSPACE || char === DELETE ? [...value].slice(0, -1).join('') : value + char;
      }
    };
    input.on('data', onData).resume();
  });
}
