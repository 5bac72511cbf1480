import { describe, expect, test } from 'vitest';
import { problemError, pullError, readProblem } from './docker-errors.ts';
import type { HttpResponse } from './transport.ts';

const ref = { domain: 'docker.io', path: 'library/ubuntu', tag: 'nosuch' };

function answer(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: new Map(Object.entries(headers)),
    body: (async function* () {
      yield Buffer.from(body);
    })(),
    async [Symbol.asyncDispose]() {},
  };
}

const errors = (...entries: [code: string, message: string][]) =>
  JSON.stringify({ errors: entries.map(([code, message]) => ({ code, message })) });

describe('a pull', () => {
  test.each([
    {
      name: 'an unknown tag',
      response: answer(404, errors(['MANIFEST_UNKNOWN', 'manifest unknown'])),
      code: 'MANIFEST_UNKNOWN',
      message: 'manifest for ubuntu:nosuch not found: manifest unknown: manifest unknown',
    },
    {
      name: 'a refused repository',
      response: answer(401, errors(['UNAUTHORIZED', 'authentication required']), {
        'www-authenticate': 'Bearer realm="https://a/",error="insufficient_scope"',
      }),
      code: 'DENIED',
      message:
        "pull access denied for ubuntu, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    },
    {
      name: 'an unknown name',
      response: answer(404, errors(['NAME_UNKNOWN', 'repository name not known to registry'])),
      code: 'NAME_UNKNOWN',
      message: 'repository ubuntu not found: name unknown: repository name not known to registry',
    },
    {
      name: 'a 404 that says nothing',
      response: answer(404, ''),
      code: 'MANIFEST_UNKNOWN',
      message:
        'manifest for ubuntu:nosuch not found: manifest unknown: received unexpected HTTP status: 404 Not Found',
    },
    {
      name: 'a rate limit',
      response: answer(429, errors(['TOOMANYREQUESTS', 'slow down']), { 'retry-after': '90' }),
      code: 'RATE_LIMITED',
      message: 'toomanyrequests: slow down (ends in 2 minutes)',
    },
  ])('says of $name what Docker says', async ({ response, code, message }) => {
    expect(pullError(await readProblem(response), ref, 'MANIFEST_UNKNOWN')).toMatchObject({ code, message });
  });
});

describe('a push', () => {
  test.each([
    {
      name: 'several errors',
      response: answer(401, errors(['DENIED', 'no'], ['UNAUTHORIZED', 'authentication required'])),
      code: 'DENIED',
      message: 'errors:\ndenied: no\nunauthorized: authentication required\n',
    },
    {
      name: 'the details of a token server',
      response: answer(401, '{"details":"incorrect username or password"}'),
      code: 'UNAUTHORIZED',
      message: 'unauthorized: incorrect username or password',
    },
    {
      name: 'a server error',
      response: answer(502, '<html>bad gateway</html>'),
      code: 'REGISTRY_ERROR',
      message: 'received unexpected HTTP status: 502 Bad Gateway',
    },
    {
      name: 'a page in the place of JSON',
      response: answer(400, '<html>\u001b[31mno\n</html>'),
      code: 'REGISTRY_ERROR',
      message: 'error parsing HTTP 400 response body: "<html> [31mno </html>"',
    },
    {
      name: 'a body that is too large for an error',
      response: answer(413, 'x'.repeat(100_000)),
      code: 'TOO_LARGE',
      message: 'received unexpected HTTP status: 413 Request Entity Too Large',
    },
    {
      name: 'entries that are none',
      response: answer(403, '{"errors":[1,null,{"message":"x"}]}'),
      code: 'DENIED',
      message: 'error parsing HTTP 403 response body: "{\\"errors\\":[1,null,{\\"message\\":\\"x\\"}]}"',
    },
  ])('says $name in full', async ({ response, code, message }) => {
    expect(problemError(await readProblem(response))).toMatchObject({ code, message });
  });
});
