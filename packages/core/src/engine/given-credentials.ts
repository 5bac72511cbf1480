import { type CredentialStore, type Credentials, credentialKey } from '../config/credentials.ts';

/** What proves who somebody is to one registry, for as long as one request runs. */
export interface GivenCredentials extends Credentials {
  /** The registry's domain, or what its user typed in the place of it. */
  readonly server: string;
}

/** What else one request asks for of the way to registries. */
export interface GivenAccess {
  /** `false`: any certificate will do, and so will none. Absent: as the configuration has it. */
  readonly verifyTls?: boolean;
}

/** A store of what came with a request: it is asked for that request alone, and keeps nothing. */
export function givenCredentialStore(given: readonly GivenCredentials[]): CredentialStore {
  const byKey = new Map(given.map(({ server, ...credentials }) => [credentialKey(server), credentials]));
  const keepsNothing = async (): Promise<never> => {
    throw new Error('the credentials of a request are not to be kept');
  };
  return {
    get: async (domain) => byKey.get(credentialKey(domain)),
    store: keepsNothing,
    erase: keepsNothing,
  };
}
