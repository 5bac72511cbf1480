/** What a caller may do in a repository. */
export type Right = 'pull' | 'push' | 'delete';

/** Who makes a request, and what that one may do. */
export interface Caller {
  /** Absent: nobody said who it is. */
  readonly name?: string;
  /** `repository` is a bare path, such as `team/app`. */
  may(right: Right, repository: string): boolean;
  /** It reads whatever the store has, linked to a repository or not. */
  readonly ownsStore: boolean;
  /** The Engine API is root on this machine. */
  readonly mayUseEngine: boolean;
}

/** Whoever reaches a service without access control, which listens for this machine alone. */
export const OWNER: Caller = { may: () => true, ownsStore: true, mayUseEngine: true };

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any route runs. */
    caller: Caller;
  }
}
