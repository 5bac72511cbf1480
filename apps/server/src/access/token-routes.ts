import { WherryError } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { connectionOf } from '../listen/connection.ts';
import { queryValues, readBody } from '../registry/request.ts';
import type { AccessControl } from './access-control.ts';
import type { Right } from './caller.ts';
import { parseAuthorization } from './credentials.ts';
import type { Identity } from './policy.ts';
import { CATALOG_SCOPE } from './required-rights.ts';
import { formatScope, parseScopes, type Scope } from './scope.ts';
import { telling } from './telling.ts';

export const TOKEN_PATH = '/token';
const MAX_FORM_BYTES = 16 * 1024;
const RIGHTS: readonly string[] = ['pull', 'push', 'delete'] satisfies Right[];

/**
 * The service as its own token server. distribution `spec/auth/token.md` (GET) and `spec/auth/oauth.md` (POST):
 * a token grants the part of what is asked for that its owner may do, which may be nothing.
 */
export function tokenRoutes(app: FastifyInstance, access: AccessControl): void {
  app.get(TOKEN_PATH, async (request, reply) => {
    const sent = parseAuthorization(request.headers.authorization);
    const identity = await telling(reply, () => access.identify(sent, connectionOf(request.raw.socket)));
    if (identity === undefined) return refuse(reply.header('www-authenticate', basicChallenge(access)));
    const isOffline = queryValues(request, 'offline_token').includes('true');
    return answer(reply, access, { identity, scopes: queryValues(request, 'scope'), isOffline });
  });
  app.post(TOKEN_PATH, async (request, reply) => {
    const form = new URLSearchParams(Buffer.from(await readBody(request, MAX_FORM_BYTES)).toString('utf8'));
    const identity = await telling(reply, () => identityOfGrant(request, form, access));
    if (identity === undefined) return refuse(reply);
    const isOffline = form.get('access_type') === 'offline' || form.get('grant_type') === 'refresh_token';
    return answer(reply, access, { identity, scopes: form.getAll('scope'), isOffline, form });
  });
}

/** What `GET /token` asks for by itself, and the registry where it is told to. */
export function basicChallenge(access: AccessControl): string {
  return `Basic realm="${access.tokens.service}"`;
}

/** Who is behind an OAuth 2 grant. RFC 6749, 4.3 and 6. Throws `INVALID_ARGUMENT` for any other grant. */
async function identityOfGrant(
  request: FastifyRequest,
  form: URLSearchParams,
  access: AccessControl,
): Promise<Identity | undefined> {
  const connection = connectionOf(request.raw.socket);
  switch (form.get('grant_type')) {
    case 'password': {
      const [name, password] = [form.get('username') ?? '', form.get('password') ?? ''];
      return access.identify({ kind: 'basic', name, password }, connection);
    }
    case 'refresh_token':
      return access.tokens.verifyRefresh(form.get('refresh_token') ?? '', access.policy);
    default:
      throw new WherryError('INVALID_ARGUMENT', 'want a grant_type of password or refresh_token');
  }
}

interface TokenRequest {
  readonly identity: Identity;
  readonly scopes: readonly string[];
  readonly isOffline: boolean;
  /** Of an OAuth 2 request, whose answer has other fields. */
  readonly form?: URLSearchParams;
}

async function answer(
  reply: FastifyReply,
  access: AccessControl,
  { identity, scopes, isOffline, form }: TokenRequest,
): Promise<FastifyReply> {
  const granted = parseScopes(scopes).flatMap((scope) => grantable(scope, identity, access));
  const { token, expiresIn, issuedAt } = await access.tokens.issue(identity, granted);
  const held = form?.get('refresh_token') ?? undefined;
  const refresh = isOffline
    ? (held ?? (await access.tokens.issueRefresh(identity, access.policy)))
    : undefined;
  return reply.header('cache-control', 'no-store').send({
    ...(form === undefined && { token }),
    access_token: token,
    expires_in: expiresIn,
    issued_at: issuedAt,
    ...(form !== undefined && { token_type: 'Bearer', scope: granted.map(formatScope).join(' ') }),
    ...(refresh !== undefined && { refresh_token: refresh }),
  });
}

/** The part of a scope that may be granted. */
function grantable(scope: Scope, identity: Identity, access: AccessControl): Scope[] {
  const { policy } = access;
  const { type, name, actions } = scope;
  if (type === CATALOG_SCOPE.type && name === CATALOG_SCOPE.name)
    return policy.mayList(identity) ? [CATALOG_SCOPE] : [];
  if (type !== 'repository') return [];
  const wanted = actions.includes('*') ? RIGHTS : actions.filter((action) => RIGHTS.includes(action));
  const names = access.namesOf(name);
  const allowed = (wanted as readonly Right[]).filter((right) =>
    names.some((each) => policy.may(identity, right, each)),
  );
  return allowed.length > 0 ? [{ type, name, actions: allowed }] : [];
}

/** In the words of both protocols: clients look for either. */
function refuse(reply: FastifyReply): FastifyReply {
  const message = 'incorrect username or password';
  return reply
    .code(401)
    .header('cache-control', 'no-store')
    .send({
      error: 'invalid_grant',
      error_description: message,
      errors: [{ code: 'UNAUTHORIZED', message }],
    });
}
