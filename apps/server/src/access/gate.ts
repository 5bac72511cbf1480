import { isWherryError, WherryError } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { connectionOf } from '../listen/connection.ts';
import { SEARCH_PATH } from '../registry/routes/search.ts';
import type { AccessControl, Admission } from './access-control.ts';
import { type Caller, OWNER } from './caller.ts';
import { addChallenge, type ChallengeError } from './challenge.ts';
import { parseAuthorization } from './credentials.ts';
import { ownerCalled } from './policy.ts';
import { type Need, needOf } from './required-rights.ts';
import { telling } from './telling.ts';
import { TOKEN_PATH, tokenRoutes } from './token-routes.ts';

/**
 * Without access control: the service's content is theirs, this machine is not. Any program and any user of the
 * machine reach its loopback, and the Engine API would make root of each.
 */
const VISITOR: Caller = { ...OWNER, mayUseEngine: false };

/**
 * Says of each request who sends it, and refuses what that one may not do in the registry. Without access control
 * everybody may do all in the registry; the Engine API takes a Unix socket then.
 */
export function addGate(app: FastifyInstance, access: AccessControl | undefined): void {
  app.addHook('onRequest', (request, reply, done) => {
    const connection = connectionOf(request.raw.socket);
    // The socket's mode says who may connect; a certificate is as good.
    const isOwner = connection.kind === 'unix' || connection.certificate !== undefined;
    if (isOwner) request.caller = ownerCalled(connection.certificate);
    else if (access === undefined) request.caller = connection.kind === 'none' ? OWNER : VISITOR;
    else {
      admit(request, reply, access).then(() => done(), done);
      return;
    }
    done();
  });
  if (access === undefined) return;
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode !== 401 || reply.hasHeader('www-authenticate')) return;
    if (isRegistry(request)) addChallenge(reply, { access, request, need: needIn(request) });
  });
  tokenRoutes(app, access);
}

async function admit(request: FastifyRequest, reply: FastifyReply, access: AccessControl): Promise<void> {
  const sent = parseAuthorization(request.headers.authorization);
  // The token endpoint has answers of its own for credentials that are no good.
  const trusted = request.routeOptions.url === TOKEN_PATH ? ({ kind: 'none' } as const) : sent;
  const admission = await telling(reply, () => access.admit(trusted, connectionOf(request.raw.socket)));
  request.caller = admission.caller;
  if (!isRegistry(request)) return;
  const need = needIn(request);
  if (need?.kind === 'catalog' && admission.lister) request.caller = admission.lister;
  const saysWho = sent.kind !== 'none';
  const refusal = refusalOf(admission, need, {
    access,
    saysWho,
    mayKnowMore: !saysWho && isTentative(request),
  });
  if (refusal === undefined) return;
  if (refusal.code === 'UNAUTHORIZED')
    addChallenge(reply, { access, request, need, ...(refusal.error && { error: refusal.error }) });
  throw new WherryError(refusal.code, refusal.message);
}

interface Refusal {
  readonly code: 'UNAUTHORIZED' | 'DENIED';
  readonly message: string;
  readonly error?: ChallengeError;
}

interface RequestFacts {
  readonly access: AccessControl;
  readonly saysWho: boolean;
  /** The sender has kept its credentials to itself, if there are any. */
  readonly mayKnowMore: boolean;
}

/** Why a request goes no further; `undefined`: it does. */
function refusalOf(
  admission: Admission,
  need: Need | undefined,
  { access, saysWho, mayKnowMore }: RequestFacts,
): Refusal | undefined {
  const { caller, isScoped, lister, problem } = admission;
  if (problem === 'invalid-token')
    return { code: 'UNAUTHORIZED', message: 'the token is not valid, or has ended', error: 'invalid_token' };
  if (problem !== undefined) return { code: 'UNAUTHORIZED', message: 'incorrect username or password' };
  if (need === undefined) return undefined;
  // Clients ask here how to log in, and would never do so if anyone were welcome.
  if (need.kind === 'login')
    return saysWho ? undefined : { code: 'UNAUTHORIZED', message: 'authentication required' };
  const mayGoOn =
    need.kind === 'catalog'
      ? lister !== undefined && !mayKnowMore
      : access.namesOf(need.name).some((name) => caller.may(need.right, name));
  if (mayGoOn) return undefined;
  const what = need.kind === 'catalog' ? 'the list of repositories' : `${need.right} of ${need.name}`;
  // Another token may say more, and the challenge says what: a 403 would end the matter.
  if (isScoped)
    return { code: 'UNAUTHORIZED', message: `the token is not for ${what}`, error: 'insufficient_scope' };
  if (caller.name === undefined) return { code: 'UNAUTHORIZED', message: 'authentication required' };
  return { code: 'DENIED', message: `requested access to the resource is denied: ${what}` };
}

function isRegistry(request: FastifyRequest): boolean {
  const { url } = request.routeOptions;
  return url === '/v2' || url === '/v2/*' || url === SEARCH_PATH;
}

/**
 * podman and its like search without their credentials, and without the header that Docker has sent for this since the
 * protocol had tokens of its own. Where they are refused they read the list of repositories, with credentials; what
 * is open to all would be all that they see.
 */
function isTentative(request: FastifyRequest): boolean {
  return request.routeOptions.url === SEARCH_PATH && request.headers['x-docker-token'] === undefined;
}

/** What the request needs; a path that is none fails by itself. */
function needIn(request: FastifyRequest): Need | undefined {
  if (request.routeOptions.url === SEARCH_PATH) return { kind: 'catalog' };
  const { '*': path = '' } = request.params as { '*'?: string };
  try {
    return needOf(request.method, path);
  } catch (error) {
    if (isWherryError(error, 'INVALID_REFERENCE')) return undefined;
    throw error;
  }
}
