import { dirname, join, resolve } from 'node:path';
import { isWherryError, parseToml, WherryError } from '@wherry/core';
import type { Logger } from '../operating/logger.ts';
import { readSection } from '../settings/read-settings.ts';
import { variableOf } from '../settings/section.ts';
import { AccessControl } from './access-control.ts';
import { readIfThere } from './locked-file.ts';
import { readTokens } from './long-lived-tokens.ts';
import type { PolicyFacts } from './policy.ts';
import { ACCESS_SECTION, type AccessSettings } from './settings.ts';
import { SigningKeys } from './signing-keys.ts';
import type { Clock } from './time.ts';
import { TokenService } from './token-service.ts';
import { readUsers } from './users-file.ts';
import { watchFiles } from './watched-files.ts';

/** Where access control keeps what it has. */
export interface AccessPlaces {
  /** The settings file with the `[access]` table; absent: there is none. */
  readonly settings?: string;
  /** With the variables that stand for keys of the table. */
  readonly env?: Environment;
  /** htpasswd file. */
  readonly users: string;
  /** Long-lived tokens. */
  readonly tokens: string;
  /** Directory of the signing keys. */
  readonly keys: string;
}

export interface OpenAccessRequest {
  readonly places: AccessPlaces;
  /** Gets a line when files were read again, and when they were not. */
  readonly log: Logger;
  /** Registries that are mirrored. */
  readonly mirrored?: readonly string[];
  readonly clock?: Clock;
}

/** Access control in force, whose files are read again when they change. */
export interface OpenAccess {
  readonly control: AccessControl;
  close(): void;
}

/** They stand for keys of the table. */
const VARIABLES = Object.keys(ACCESS_SECTION.fields).map((name) => variableOf(ACCESS_SECTION.name, name));

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where things are, for a store and a settings file; reads the latter, and the variables of its table. Throws
 * `INVALID_CONFIG`.
 */
export async function accessPlaces(
  root: string,
  settings?: string,
  env: Environment = {},
): Promise<AccessPlaces> {
  const directory = join(root, 'access');
  const { users } = await readAccessSettings(settings, env);
  return {
    env,
    tokens: join(directory, 'tokens.json'),
    keys: join(directory, 'keys'),
    users: resolve(settings === undefined ? directory : dirname(settings), users),
    ...(settings !== undefined && { settings }),
  };
}

/** Tells whether there is anything to control access by. */
export async function isAccessControlled({
  settings,
  env = {},
  users,
  tokens,
}: AccessPlaces): Promise<boolean> {
  if (settings !== undefined || VARIABLES.some((name) => env[name])) return true;
  return (await readIfThere(users)) !== undefined || (await readTokens(tokens)).length > 0;
}

/** Puts access control into force. Throws `INVALID_CONFIG`, with line and column, for what is wrong in its files. */
export async function openAccess({
  places,
  log,
  mirrored = [],
  clock = Date.now,
}: OpenAccessRequest): Promise<OpenAccess> {
  const settings = await settingsAt(places);
  const keys = await SigningKeys.open({
    directory: places.keys,
    algorithm: settings.signing,
    keyLifetime: settings.keyLifetime,
    tokenLifetime: Math.max(settings.tokenLifetime, settings.refreshLifetime),
    clock,
  });
  const tokens = new TokenService({ ...settings, keys, clock });
  const control = new AccessControl({ settings, facts: await readFacts(places), tokens, mirrored, clock });
  const files = [places.users, places.tokens, ...(places.settings === undefined ? [] : [places.settings])];
  const watched = await watchFiles(files, async () => {
    try {
      control.replace(await readFacts(places));
      log.info('accounts, rules and tokens were read again');
    } catch (error) {
      const reason = isWherryError(error) ? error.message : String(error);
      log.error(`accounts, rules and tokens stay what they were: ${reason}`);
    }
  });
  return { control, close: watched.close };
}

async function readAccessSettings(path: string | undefined, env: Environment): Promise<AccessSettings> {
  if (path === undefined) return readSection(ACCESS_SECTION, { table: undefined, env });
  const text = await readIfThere(path);
  if (text === undefined) throw new WherryError('INVALID_CONFIG', `${path}: there is no such file`);
  return readSection(ACCESS_SECTION, { table: (await parseToml(text, path)).table('access'), env });
}

function settingsAt({ settings, env = {} }: AccessPlaces): Promise<AccessSettings> {
  return readAccessSettings(settings, env);
}

async function readFacts(places: AccessPlaces): Promise<PolicyFacts> {
  const [accounts, { rule }, tokens] = await Promise.all([
    readUsers(places.users),
    settingsAt(places),
    readTokens(places.tokens),
  ]);
  return { accounts, rules: rule, tokens };
}
