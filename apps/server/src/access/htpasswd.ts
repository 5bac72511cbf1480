import { WherryError } from '@wherry/core';

/** An account's line: its name and the bcrypt hash of its password. */
export type Accounts = ReadonlyMap<string, string>;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** Each step doubles the time of a login; one more than this takes half a minute. */
const MAX_COST = 16;
const MIN_COST = 4;
/** Names that rules give a meaning of their own. */
const RESERVED = new Set(['anonymous', '*']);
const MAX_NAME_LENGTH = 255;

/**
 * Reads htpasswd's `name:hash` lines; empty lines and those that begin with `#` say nothing. Throws
 * `INVALID_CONFIG`, with file, line and column, for what is no such line, another kind of hash, a name twice.
 */
export function parseHtpasswd(text: string, path: string): Accounts {
  const accounts = new Map<string, string>();
  for (const [index, line] of linesOf(text).entries()) {
    if (isBlank(line)) continue;
    const fail = (problem: string, column = 1) => {
      const at = { path, line: index + 1, column };
      throw new WherryError('INVALID_CONFIG', `${path}:${at.line}:${column}: ${problem}`, { details: at });
    };
    const name = nameOf(line);
    if (name === undefined) return fail('no NAME:HASH');
    const problem = nameProblem(name);
    if (problem !== undefined) fail(problem);
    if (accounts.has(name)) fail(`${JSON.stringify(name)} stands here a second time`);
    const hash = line.slice(name.length + 1);
    const cost = costOf(hash);
    if (cost === undefined)
      return fail('no bcrypt hash, which is the only kind taken: use htpasswd -B', name.length + 2);
    if (cost < MIN_COST || cost > MAX_COST)
      fail(`the hash has a cost of ${cost}, want ${MIN_COST} to ${MAX_COST}`, name.length + 2);
    accounts.set(name, hash);
  }
  return accounts;
}

/** The text with one account more, or another hash for it; all other lines stay as they are. */
export function withAccount(text: string, name: string, hash: string): string {
  const lines = linesOf(text);
  const index = lines.findIndex((line) => nameOf(line) === name);
  const changed = index < 0 ? [...lines, `${name}:${hash}`] : lines.with(index, `${name}:${hash}`);
  return `${changed.join('\n')}\n`;
}

/** The text without an account; `undefined` when it is not there. */
export function withoutAccount(text: string, name: string): string | undefined {
  const lines = linesOf(text);
  const left = lines.filter((line) => nameOf(line) !== name);
  if (left.length === lines.length) return undefined;
  return left.map((line) => `${line}\n`).join('');
}

/** What is wrong with the name of an account; `undefined`: nothing. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'an account has no name';
  if (RESERVED.has(name)) return `${JSON.stringify(name)} is no name for an account`;
  if (name.length > MAX_NAME_LENGTH) return `a name has more than ${MAX_NAME_LENGTH} characters`;
  // Basic authentication ends the name at the colon; the others would not show, or would break the line.
  if (/[:\p{Cc}\p{Zl}\p{Zp}]/u.test(name) || name !== name.trim() || name.startsWith('#'))
    return `${JSON.stringify(name)} is no name: no colon, no control character, no space around it`;
  return undefined;
}

/** The cost of a bcrypt hash, a power of two; `undefined` for anything else. */
export function costOf(hash: string): number | undefined {
  const cost = BCRYPT.exec(hash)?.[1];
  return cost === undefined ? undefined : Number(cost);
}

function linesOf(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function isBlank(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

function nameOf(line: string): string | undefined {
  const colon = line.indexOf(':');
  return isBlank(line) || colon < 0 ? undefined : line.slice(0, colon);
}
