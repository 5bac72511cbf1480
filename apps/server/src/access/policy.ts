import { type Caller, OWNER, type Right } from './caller.ts';
import type { Accounts } from './htpasswd.ts';
import type { StoredToken } from './long-lived-tokens.ts';
import { matchesRepository, Rules } from './rules.ts';
import type { AccessRule } from './settings.ts';

/** Who somebody has shown to be. */
export type Identity =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'account'; readonly name: string }
  | { readonly kind: 'token'; readonly token: StoredToken };

/** What is known of who may do what, at one moment; a change of a file makes another one. */
export interface PolicyFacts {
  readonly accounts: Accounts;
  readonly rules: readonly AccessRule[];
  readonly tokens: readonly StoredToken[];
}

/** Decides by accounts, rules and long-lived tokens. */
export class Policy {
  readonly accounts: Accounts;
  readonly tokens: readonly StoredToken[];
  readonly #rules: Rules;

  constructor({ accounts, rules, tokens }: PolicyFacts) {
    this.accounts = accounts;
    this.tokens = tokens;
    this.#rules = new Rules(rules);
  }

  may(identity: Identity, right: Right, repository: string): boolean {
    switch (identity.kind) {
      case 'anonymous':
        return this.#rules.may(undefined, right, repository);
      case 'account':
        return this.accounts.has(identity.name) && this.#rules.may(identity.name, right, repository);
      case 'token':
        return identity.token.allow.some(
          (grant) => grant.rights.includes(right) && matchesRepository(grant.repositories, repository),
        );
    }
  }

  /** Tells whether the list of repositories is of any use to somebody. */
  mayList(identity: Identity): boolean {
    return identity.kind !== 'anonymous' || this.#rules.opensToAnyone;
  }

  callerOf(identity: Identity): Caller {
    const name = nameOf(identity);
    return {
      ...(name !== undefined && { name }),
      may: (right, repository) => this.may(identity, right, repository),
      ownsStore: false,
      mayUseEngine: identity.kind === 'token' && identity.token.engine,
    };
  }
}

/** How somebody is called, in logs and to the routes. */
export function nameOf(identity: Identity): string | undefined {
  if (identity.kind === 'account') return identity.name;
  return identity.kind === 'token' ? identity.token.name : undefined;
}

/** Whoever may use the Engine API may do all, whatever rules say. */
export function ownerCalled(name: string | undefined): Caller {
  return name === undefined ? OWNER : { ...OWNER, name };
}
