import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../test/memory-backend.ts';
import { buildApp } from '../../app.ts';
import { RunningRequests } from '../../running-requests.ts';
import { SILENT } from '../logger.ts';
import { createPrometheus } from '../prometheus.ts';
import { openApiDocument } from './document.ts';
import type { HttpMethod, Operation } from './parts.ts';

/** Served only where access is controlled, or by others. */
const OTHERS = ['access', 'webhooks'];
const METHODS: readonly string[] = ['get', 'head', 'post', 'put', 'patch', 'delete'];
const MEDIA_TYPE = /^(?:\*\/\*|[a-z]+\/[a-z0-9.+-]+)$/;
const document = openApiDocument();

const operations = Object.entries({
  ...document.paths,
  ...Object.fromEntries(Object.entries(document.webhooks).map(([name, item]) => [`/${name}`, item])),
}).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    method: method as HttpMethod,
    operation: operation as Operation,
  })),
);

test('is an OpenAPI 3.1 document whose operations have names of their own', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(Object.keys(document.info)).toEqual(['title', 'version', 'description']);
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(operations.length).toBeGreaterThan(15);
});

test.each(operations)('$name is described as the specification wants it', ({ path, method, operation }) => {
  expect(METHODS).toContain(method);
  expect(path).toMatch(/^\//);
  const parameters = operation.parameters ?? [];
  const inTemplate = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  expect(inPath.map(({ name }) => name)).toEqual(inTemplate);
  expect(inPath.every(({ required }) => required === true)).toBe(true);
  const places = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
  expect(new Set(places).size).toBe(places.length);
  expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
  for (const [status, response] of Object.entries(operation.responses)) {
    expect(status).toMatch(/^[1-5]\d\d$/);
    expect(response.description).not.toBe('');
    for (const type of Object.keys(response.content ?? {})) expect(type).toMatch(MEDIA_TYPE);
  }
  for (const scheme of (operation.security ?? document.security).flatMap((each) => Object.keys(each)))
    expect(document.components.securitySchemes).toHaveProperty(scheme);
});

test('every reference leads somewhere', () => {
  const text = JSON.stringify(document);
  for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    expect(document.components.schemas).toHaveProperty(name);
  expect(text.match(/"\$ref"/g)?.length).toBe(text.match(/"#\/components\/schemas\//g)?.length);
});

// Without access control there are no tokens.
const always = operations.filter(({ operation: { tags } }) => !tags.some((tag) => OTHERS.includes(tag)));

test.each(always)('$name is served', async ({ path, method }) => {
  const app = appOfAllParts();
  const url = path.replace('{name}', 'team/app').replace(/\{\w+\}/, 'x');
  const answer = await app.inject({ url, method: method.toUpperCase() as 'GET' });
  expect(answer.statusCode).not.toBe(405);
  expect(answer.body).not.toContain('no such endpoint');
  await app.close();
});

test('whatever is served is described', async () => {
  const app = appOfAllParts();
  await app.ready();
  const served = app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .map((line) => /(\/\S*) \(([A-Z, ]+)\)/.exec(line))
    .filter((found) => found !== null)
    .map(([, path = '', methods = '']) => ({ path, methods: methods.toLowerCase().split(', ') }));
  expect(served.length).toBeGreaterThan(5);
  // One route takes all of the registry.
  for (const { path, methods } of served.filter((one) => !one.path.startsWith('/v2')))
    expect(Object.keys(document.paths[path] ?? {})).toEqual(methods.filter((method) => method !== 'head'));
  await app.close();
});

function appOfAllParts() {
  const prometheus = createPrometheus({ ofProcess: false });
  const operating = { readiness: { reasons: async () => [] }, prometheus, isPublic: () => true };
  const surroundings = { log: SILENT, running: new RunningRequests() };
  return buildApp({ registry: new MemoryBackend(), operating }, surroundings);
}
