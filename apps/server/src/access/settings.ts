import { type SettingsOf, section } from '../settings/section.ts';
import type { Right } from './caller.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const RIGHTS = ['pull', 'push', 'delete'] as const satisfies readonly Right[];
const PATTERN = /^(?:\*|[a-z0-9._-]+(?:\/[a-z0-9._-]+)*(?:\/\*)?)$/;

/** `[access]`: who may do what. */
export const ACCESS_SECTION = section({
  name: 'access',
  doc: 'Who may do what. Without accounts, tokens and this table, even an empty one, whoever reaches the service may do all.',
  countsWhenEmpty: true,
  fields: {
    users: {
      kind: 'string',
      default: 'users',
      doc: "File of accounts in htpasswd's form, bcrypt only, from this file's directory on; without a file, from the directory access/ of the store on.",
    },
    challenge: {
      kind: 'string',
      choices: ['bearer', 'basic'],
      default: 'bearer',
      doc: 'How clients are told to log in: "bearer" (tokens), or "basic" (the password with each request). Both are always taken.',
    },
    realm: {
      kind: 'string',
      check: (text) => (isWebAddress(text) ? undefined : 'want https://HOST/token'),
      doc: 'URL of the token endpoint as clients reach it, for a service behind a proxy. Absent: /token at the host that was asked.',
    },
    service: {
      kind: 'string',
      default: 'wherry',
      check: (text) => (isQuotable(text) ? undefined : 'want letters, digits and ./:-'),
      doc: 'What tokens name as the service they are for.',
    },
    signing: {
      kind: 'string',
      choices: ['ES256', 'EdDSA'],
      default: 'ES256',
      doc: 'How tokens are signed.',
    },
    tokenLifetime: {
      kind: 'duration',
      default: 5 * MINUTE_MS,
      min: MINUTE_MS,
      doc: 'How long the token of a request is good.',
    },
    refreshLifetime: {
      kind: 'duration',
      default: 90 * DAY_MS,
      min: MINUTE_MS,
      doc: 'How long the token is good that a client keeps after a login.',
    },
    keyLifetime: {
      kind: 'duration',
      default: 30 * DAY_MS,
      min: MINUTE_MS,
      doc: 'How long one key signs before the next is made.',
    },
    rule: {
      kind: 'table-array',
      reloadable: true,
      doc: 'What some may do in some repositories. Rules add up. Without any rule, accounts may do all and nobody else anything.',
      fields: {
        repositories: {
          kind: 'string',
          required: true,
          check: (text) => (isRepositoryPattern(text) ? undefined : 'want NAME, PREFIX/* or *'),
          doc: 'A repository, or all below a prefix ("team/*"), or all ("*").',
        },
        users: {
          kind: 'list',
          required: true,
          doc: 'Accounts; "anonymous" is whoever gives no name, "*" every account.',
        },
        rights: { kind: 'list', choices: RIGHTS, required: true, doc: 'What they may do.' },
      },
    },
  },
});
export type AccessSettings = SettingsOf<typeof ACCESS_SECTION>;
export type AccessRule = AccessSettings['rule'][number];
/**
 * How a client is told to say who it is. It is told one way: of two, Docker takes the password's, and fails where
 * its login has left it with a token.
 */
export type Challenge = AccessSettings['challenge'];
/** How the service's own tokens are signed. */
export type SigningAlgorithm = AccessSettings['signing'];

/** Tells whether `text` names repositories as a rule does. */
export function isRepositoryPattern(text: string): boolean {
  return PATTERN.test(text);
}

/** The text stands between quotation marks in a header. */
function isQuotable(text: string): boolean {
  return /^[\w./:-]+$/.test(text);
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[\w.:[\]/-]+$/.test(text) && URL.canParse(text);
}
