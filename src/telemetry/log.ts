import winston from 'winston';
import { Redactor } from './redactor.js';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
export type LogFormat = 'json' | 'pretty';
/** `hint` is text for people, shown at a terminal and left out of JSON; `paste` is the same as data, the other way round. */
export type LogFields = Record<string, unknown>;

/** A logger whose records always carry an `event` name, which is stable, beside a sentence, which is not. */
export interface Log {
  error(event: string, message: string, fields?: LogFields): void;
  warn(event: string, message: string, fields?: LogFields): void;
  info(event: string, message: string, fields?: LogFields): void;
  debug(event: string, message: string, fields?: LogFields): void;
  /** Whether debug records are written: who makes many of them need not make them for nothing. */
  readonly isDebug: boolean;
  /** The same log with fields that every record gets. */
  with(fields: LogFields): Log;
}

/**
 * @param level  least severe level that is written
 * @param format `json`: one object a line, for shippers; `pretty`: for people at a terminal
 * @param stream where records go (stderr for commands whose stdout is data)
 * @param redactor takes secrets out of every record
 */
export function createLog(level: LogLevel, format: LogFormat, stream: NodeJS.WritableStream, redactor = new Redactor()): Log {
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(redacting(redactor), format === 'json' ? jsonFormat() : prettyFormat()),
    transports: [new winston.transports.Stream({ stream })],
  });
  return wrap(logger);
}

function wrap(logger: winston.Logger): Log {
  return {
    error: (event, message, fields) => void logger.error(message, { event, ...fields }),
    warn: (event, message, fields) => void logger.warn(message, { event, ...fields }),
    info: (event, message, fields) => void logger.info(message, { event, ...fields }),
    debug: (event, message, fields) => void (logger.isDebugEnabled() && logger.debug(message, { event, ...fields })),
    isDebug: logger.isDebugEnabled(),
    with: (fields) => wrap(logger.child(fields)),
  };
}

/** Values are redacted one by one and before they are formatted: a secret with a quote in it must not break the JSON. */
function redacting(redactor: Redactor): winston.Logform.Format {
  return winston.format((info) => {
    for (const [key, value] of Object.entries(info)) if (key !== 'level') info[key] = redactor.deep(value);
    return info;
  })();
}

function jsonFormat(): winston.Logform.Format {
  const withoutHint = winston.format(({ hint: _hint, ...info }) => info as winston.Logform.TransformableInfo);
  return winston.format.combine(withoutHint(), winston.format.timestamp(), winston.format.json());
}

const COLOUR: Record<string, string> = { error: '\x1b[31m', warn: '\x1b[33m', info: '\x1b[32m', debug: '\x1b[90m' };
const HIDDEN = new Set(['level', 'message', 'event', 'timestamp', 'server', 'stream', 'hint', 'paste']);

function prettyFormat(): winston.Logform.Format {
  return winston.format.combine(
    winston.format.timestamp({ format: 'HH:mm:ss' }),
    winston.format.printf((info) => {
      const server = typeof info.server === 'string' ? `[${info.server}] ` : '';
      const fields = Object.entries(info).filter(([key]) => !HIDDEN.has(key));
      const rest = fields.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ');
      const hint = typeof info.hint === 'string' ? `\n${info.hint}` : '';
      return `${info.timestamp} ${COLOUR[info.level] ?? ''}${info.level.padEnd(5)}\x1b[0m ${server}${clean(String(info.message))}${rest && ` \x1b[90m${clean(rest)}\x1b[0m`}${hint}`;
    }),
  );
}

/** Without control characters, so that what a child prints cannot steer the reader's terminal. */
function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed here
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '�').replace(/\n/g, ' ');
}

/** A log that says nothing. */
export const silentLog: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  isDebug: false,
  with: () => silentLog,
};
