import type { Connection } from '../listen/connection.ts';
import { upstreamPath } from '../mirror/choose-upstream.ts';
import type { Caller, Right } from './caller.ts';
import type { SentCredentials } from './credentials.ts';
import { findToken, isLongLivedToken } from './long-lived-tokens.ts';
import { PasswordChecker } from './passwords.ts';
import { type Identity, Policy, type PolicyFacts } from './policy.ts';
import type { AccessSettings } from './settings.ts';
import { Throttle } from './throttle.ts';
import type { Clock } from './time.ts';
import type { TokenService } from './token-service.ts';

/** Who makes a request, how that one has shown it, and what it amounts to. */
export interface Admission {
  readonly caller: Caller;
  /** What was sent is no good: the request is refused, whatever it asks for. */
  readonly problem?: 'invalid-token' | 'invalid-credentials';
  /** The caller where the list of repositories is asked for; absent: it is not for this one. */
  readonly lister?: Caller;
  /** What the caller lacks, another token may have. */
  readonly isScoped: boolean;
}

export interface AccessControlDeps {
  readonly settings: AccessSettings;
  readonly facts: PolicyFacts;
  readonly tokens: TokenService;
  /** Registries whose repositories are reached by their bare names too, such as `docker.io`. */
  readonly mirrored?: readonly string[];
  readonly clock?: Clock;
}

const NOBODY: Identity = { kind: 'anonymous' };

/** Decides who somebody is and what that one may do, by what is known at the moment. */
export class AccessControl {
  readonly settings: AccessSettings;
  readonly tokens: TokenService;
  readonly #mirrored: readonly string[];
  readonly #clock: Clock;
  readonly #passwords: PasswordChecker;
  #policy: Policy;

  constructor({ settings, facts, tokens, mirrored = [], clock = Date.now }: AccessControlDeps) {
    this.settings = settings;
    this.tokens = tokens;
    this.#mirrored = mirrored;
    this.#clock = clock;
    this.#passwords = new PasswordChecker(new Throttle(clock), clock);
    this.#policy = new Policy(facts);
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** Puts other accounts, rules and tokens into force, for requests that begin from now on. */
  replace(facts: PolicyFacts): void {
    this.#policy = new Policy(facts);
  }

  /**
   * All that rules may call what a client calls `name`: of a mirrored registry it may not say which. The routes, which
   * know, ask again by the one name that counts.
   */
  namesOf(name: string): readonly string[] {
    return [name, ...this.#mirrored.map((registry) => `${registry}/${upstreamPath(registry, name)}`)];
  }

  /** Who sent these credentials; `undefined`: they are no good. Throws `RATE_LIMITED`. */
  async identify(sent: SentCredentials, { address }: Connection): Promise<Identity | undefined> {
    if (sent.kind === 'none') return NOBODY;
    if (sent.kind === 'bearer') return this.#byToken(sent.token);
    if (sent.kind !== 'basic') return undefined;
    // Clients that know of passwords only send a token as one.
    if (isLongLivedToken(sent.password)) return this.#byToken(sent.password);
    const { accounts } = this.#policy;
    const isRight = await this.#passwords.check(accounts, sent.name, sent.password, address);
    return isRight ? { kind: 'account', name: sent.name } : undefined;
  }

  /** What the sender of a request may do. Throws `RATE_LIMITED`. */
  async admit(sent: SentCredentials, connection: Connection): Promise<Admission> {
    if (sent.kind === 'bearer' && !isLongLivedToken(sent.token)) return this.#admitScoped(sent.token);
    const identity = await this.identify(sent, connection);
    const admission = this.#admission(identity ?? NOBODY);
    if (identity !== undefined) return admission;
    return { ...admission, problem: sent.kind === 'bearer' ? 'invalid-token' : 'invalid-credentials' };
  }

  #byToken(token: string): Identity | undefined {
    const found = findToken(this.#policy.tokens, token, this.#clock());
    return found && { kind: 'token', token: found };
  }

  #admission(identity: Identity): Admission {
    const caller = this.#policy.callerOf(identity);
    return { caller, ...(this.#policy.mayList(identity) && { lister: caller }), isScoped: false };
  }

  /** A token of ours grants what it says, as long as its owner still may do that. */
  async #admitScoped(token: string): Promise<Admission> {
    const claims = await this.tokens.verify(token, this.#policy);
    if (claims === undefined) return { ...this.#admission(NOBODY), problem: 'invalid-token' };
    const { identity, access } = claims;
    const own = this.#policy.callerOf(identity);
    const listsAll = access.some(({ type, name }) => type === 'registry' && name === 'catalog');
    const may = (right: Right, repository: string) =>
      access.some(
        ({ type, name, actions }) =>
          type === 'repository' && actions.includes(right) && this.namesOf(name).includes(repository),
      ) && own.may(right, repository);
    return {
      caller: { ...own, may, mayUseEngine: false },
      // The list shows what its reader may pull, which no token of the list says.
      ...(listsAll && { lister: { ...own, mayUseEngine: false } }),
      isScoped: true,
    };
  }
}
