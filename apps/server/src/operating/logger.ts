export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line has besides its message; by names that stay the same over versions. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the parts of the service write what happens. Messages and fields hold no secrets. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log whose level may change while it runs. */
export interface Log extends Logger {
  level: LogLevel;
}

/** Writes nothing. */
export const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
