import { pino } from 'pino';
import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from './logger.ts';

export interface LogOptions {
  readonly level: LogLevel;
  /** `json`: one object a line, for programs; `text`: for people. */
  readonly format: 'json' | 'text';
  /** Gets whole lines. */
  readonly write: (text: string) => void;
  /** Is called behind a line that must not wait, where lines are collected: a warning or an error. */
  readonly flush?: () => void;
  readonly now?: () => Date;
}

/** Fields that must not be written, whoever gives them. */
const REDACTED_FIELDS = ['authorization', 'x-registry-auth', 'cookie', 'password', 'token', 'secret'];
const REDACTED = '(not shown)';
const LEVEL_WIDTH = Math.max(...LOG_LEVELS.map((level) => level.length));
/** What could end a line or move a terminal's cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

export function createLog(options: LogOptions): Log {
  return options.format === 'json' ? new JsonLog(options) : new TextLog(options);
}

class JsonLog implements Log {
  readonly #pino;
  readonly #flush: () => void;

  constructor({ level, write, flush = () => {}, now = () => new Date() }: LogOptions) {
    this.#flush = flush;
    this.#pino = pino(
      {
        level,
        base: null,
        timestamp: timestamps(now),
        formatters: { level: (label) => ({ level: label }) },
        redact: {
          paths: REDACTED_FIELDS.flatMap((name) => [`["${name}"]`, `headers["${name}"]`]),
          censor: REDACTED,
        },
      },
      { write },
    );
  }

  get level(): LogLevel {
    return this.#pino.level as LogLevel;
  }

  set level(level: LogLevel) {
    this.#pino.level = level;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
    this.#flush();
  }

  error(message: string, fields: LogFields = {}): void {
    this.#pino.error(fields, message);
    this.#flush();
  }
}

/** Made once a millisecond: a busy service writes many lines in one. */
function timestamps(now: () => Date): () => string {
  let at = Number.NaN;
  let text = '';
  return () => {
    const date = now();
    if (date.getTime() !== at) {
      at = date.getTime();
      text = `,"time":"${date.toISOString()}"`;
    }
    return text;
  };
}

class TextLog implements Log {
  level: LogLevel;
  readonly #write: (text: string) => void;
  readonly #flush: () => void;
  readonly #now: () => Date;

  constructor({ level, write, flush = () => {}, now = () => new Date() }: LogOptions) {
    this.level = level;
    this.#write = write;
    this.#flush = flush;
    this.#now = now;
  }

  debug(message: string, fields?: LogFields): void {
    this.#line('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#line('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#line('warn', message, fields);
    this.#flush();
  }

  error(message: string, fields?: LogFields): void {
    this.#line('error', message, fields);
    this.#flush();
  }

  #line(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.level)) return;
    const parts = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${REDACTED_FIELDS.includes(name) ? REDACTED : written(value)}`);
    const head = `${this.#now().toISOString()} ${level.padEnd(LEVEL_WIDTH)} ${escaped(message)}`;
    this.#write(`${[head, ...parts].join(' ')}\n`);
  }
}

function written(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return /[\s"]/.test(text) ? escaped(JSON.stringify(text)) : escaped(text);
}

function escaped(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
