import type { IncomingMessage, ServerResponse } from 'node:http';

/** Who may do what at a memory registry. */
export interface AuthRules {
  readonly kind: 'basic' | 'token';
  readonly username: string;
  readonly password: string;
  /** Tokens for pulls are given to anybody. */
  readonly anonymousPull?: boolean;
  /** Handed out for `offline` requests, and taken as refresh token. */
  readonly identityToken?: string;
  /** `expires_in` of tokens. */
  readonly lifetimeSeconds?: number;
  /** POST answers this instead: an old token server. */
  readonly postStatus?: number;
  /** Repositories whose tokens are given and then refused with `insufficient_scope`. */
  readonly deniedRepositories?: readonly string[];
  /** Repositories of which tokens allow a pull and no more, whoever asks. */
  readonly pullOnlyRepositories?: readonly string[];
  /** Another token server than the registry's own `/token`. */
  readonly realm?: string;
}

/** What `answerToken` puts into a token: no secret, a test can read it. */
interface Grant {
  readonly scopes: readonly string[];
  readonly account: string;
}

const SERVICE = 'memory-registry';

/** Checks `Authorization`; answers 401 and returns false when it is missing or wrong. */
export function authorize(
  rules: AuthRules,
  request: IncomingMessage,
  response: ServerResponse,
  repositories: readonly string[],
  host: string,
): boolean {
  const header = request.headers.authorization ?? '';
  if (rules.kind === 'basic') {
    if (header === basic(rules)) return true;
    return unauthorized(response, 'Basic realm="memory"');
  }
  const realm = rules.realm ?? `http://${host}/token`;
  const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'pull,push';
  const scope = repositories.map((repository) => `repository:${repository}:${action}`).join(' ');
  const challenge = `Bearer realm="${realm}",service="${SERVICE}"${scope === '' ? '' : `,scope="${scope}"`}`;
  const grant = grantOf(header);
  if (grant === undefined) return unauthorized(response, challenge);
  const denied = repositories.some(
    (repository) => !covers(grant, repository, action) || isDenied(rules, repository),
  );
  return denied ? unauthorized(response, `${challenge},error="insufficient_scope"`) : true;
}

/** The token endpoint: GET with Basic and POST of a form. */
export async function answerToken(
  rules: AuthRules,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  if (request.method === 'POST' && rules.postStatus !== undefined) {
    request.resume();
    return void response.writeHead(rules.postStatus).end();
  }
  const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams;
  const account = accountOf(rules, request, form);
  const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '));
  const anonymous = account === '' && rules.anonymousPull === true && request.method === 'GET';
  if (account === undefined || (account === '' && !anonymous))
    return void response.writeHead(401).end('{"details":"incorrect username or password"}');
  const isPullOnly = (scope: string) =>
    anonymous || rules.pullOnlyRepositories?.includes(scope.split(':')[1] ?? '') === true;
  const granted = scopes.map((scope) => (isPullOnly(scope) ? scope.replace(/:pull,push$/, ':pull') : scope));
  const offline = form.get('access_type') === 'offline' || form.get('offline_token') === 'true';
  const token = Buffer.from(JSON.stringify({ scopes: granted, account })).toString('base64url');
  const body = {
    token,
    expires_in: rules.lifetimeSeconds ?? 300,
    ...(offline && rules.identityToken !== undefined ? { refresh_token: rules.identityToken } : {}),
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The account a token request proves; empty: none given; `undefined`: a wrong one. */
function accountOf(rules: AuthRules, request: IncomingMessage, form: URLSearchParams): string | undefined {
  const { username, password, identityToken } = rules;
  if (request.method === 'POST') {
    if (form.get('grant_type') === 'refresh_token')
      return identityToken !== undefined && form.get('refresh_token') === identityToken
        ? username
        : undefined;
    return form.get('username') === username && form.get('password') === password ? username : undefined;
  }
  const header = request.headers.authorization;
  if (header === undefined) return '';
  return header === basic(rules) ? username : undefined;
}

function grantOf(header: string): Grant | undefined {
  const [, token] = /^Bearer (\S+)$/.exec(header) ?? [];
  if (token === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as Grant;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function covers({ scopes }: Grant, repository: string, action: string): boolean {
  return scopes.some(
    (scope) =>
      [`repository:${repository}:pull,push`, `repository:${repository}:pull,push,delete`].includes(scope) ||
      scope === `repository:${repository}:${action}`,
  );
}

function isDenied({ deniedRepositories }: AuthRules, repository: string): boolean {
  return deniedRepositories?.includes(repository) ?? false;
}

function unauthorized(response: ServerResponse, challenge: string): false {
  response.writeHead(401, { 'www-authenticate': challenge, 'content-type': 'application/json' });
  response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}');
  return false;
}

function basic({ username, password }: AuthRules): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function text(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
