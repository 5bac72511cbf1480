import type { Right } from './caller.ts';
import type { AccessRule } from './settings.ts';

/** Whom rules are asked about; absent: whoever gives no name. */
export type AccountName = string | undefined;

const ANONYMOUS = 'anonymous';
const EVERY_ACCOUNT = '*';

/** What rules grant. Without any rule, accounts may do all, and nobody else anything. */
export class Rules {
  readonly #rules: readonly AccessRule[];

  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules;
  }

  may(account: AccountName, right: Right, repository: string): boolean {
    if (this.#rules.length === 0) return account !== undefined;
    return this.#rules.some(
      (rule) =>
        rule.rights.includes(right) &&
        isMeant(rule.users, account) &&
        matchesRepository(rule.repositories, repository),
    );
  }

  /** Tells whether some rule is about whoever gives no name. */
  get opensToAnyone(): boolean {
    return this.#rules.some(({ users }) => users.includes(ANONYMOUS));
  }
}

/** Tells whether a pattern (`team/app`, `team/*`, `*`) names a repository. */
export function matchesRepository(pattern: string, repository: string): boolean {
  if (pattern === '*') return true;
  if (!pattern.endsWith('/*')) return pattern === repository;
  // The slash stays: `team/*` says nothing about `teamwork/app`.
  return repository.startsWith(pattern.slice(0, -1)) && repository.length >= pattern.length;
}

/** What is open to everybody is open to those who say who they are, too. */
function isMeant(users: readonly string[], account: AccountName): boolean {
  if (users.includes(ANONYMOUS)) return true;
  return account !== undefined && (users.includes(account) || users.includes(EVERY_ACCOUNT));
}
