import type { Result } from '../wherry.ts';

/**
 * A program that talks to registries, with credentials and a store of its own. What it has no command for it has no
 * method for. References are without a scheme; `address` is a registry's host and port.
 */
export interface Client {
  readonly name: string;
  pull(reference: string): Promise<Result>;
  /** Pushes an image that it has. */
  push(reference: string): Promise<Result>;
  readonly login?: (address: string, user: string, password: string) => Promise<Result>;
  readonly logout?: (address: string) => Promise<Result>;
  /** Prints the tags of a repository. */
  readonly tags?: (repository: string) => Promise<Result>;
  readonly delete?: (reference: string) => Promise<Result>;
  /** Prints the repositories whose names have the term in them. */
  readonly search?: (address: string, term: string) => Promise<Result>;
}
