import type { FastifyReply, FastifyRequest } from 'fastify';
import { connectionOf } from '../listen/connection.ts';
import { queryValue } from '../registry/request.ts';
import type { AccessControl } from './access-control.ts';
import { type Need, scopesOf } from './required-rights.ts';
import { basicChallenge, TOKEN_PATH } from './token-routes.ts';

/** RFC 6750, 3.1. */
export type ChallengeError = 'invalid_token' | 'insufficient_scope';

interface ChallengeContext {
  readonly access: AccessControl;
  readonly request: FastifyRequest;
  readonly need: Need | undefined;
  readonly error?: ChallengeError;
}

/** What a header may repeat of what a client sent. */
const REPOSITORY = /^[a-z0-9._/-]{1,255}$/;
const HOST = /^[\w.:[\]-]{1,255}$/;

/** Tells the client how to say who it is, and for what. distribution `spec/auth/token.md`. */
export function addChallenge(reply: FastifyReply, context: ChallengeContext): void {
  const { access } = context;
  const isBasic = access.settings.challenge === 'basic';
  reply.header('www-authenticate', isBasic ? basicChallenge(access) : bearerChallenge(context));
}

function bearerChallenge({ access, request, need, error }: ChallengeContext): string {
  const from = queryValue(request, 'from');
  const scopes = scopesOf(need, from !== undefined && REPOSITORY.test(from) ? from : undefined);
  const parameters = [
    `realm="${access.settings.realm ?? tokenUrl(request)}"`,
    `service="${access.tokens.service}"`,
    ...(scopes.length > 0 ? [`scope="${scopes.join(' ')}"`] : []),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ];
  return `Bearer ${parameters.join(',')}`;
}

/** The token endpoint at the host that the client asked. */
function tokenUrl(request: FastifyRequest): string {
  const { isEncrypted } = connectionOf(request.raw.socket);
  const { host = '' } = request.headers;
  return `${isEncrypted ? 'https' : 'http'}://${HOST.test(host) ? host : 'localhost'}${TOKEN_PATH}`;
}
