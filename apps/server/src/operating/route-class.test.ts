import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { routeClassOf } from './route-class.ts';

test.each([
  ['/images/json', 'engine/images'],
  ['/:nothing', 'engine/unknown'],
  ['/libpod/images/json', 'engine/libpod'],
  ['/v:version(^\\d+\\.\\d+\\.\\d+$)/libpod/*', 'engine/libpod'],
  ['/v1/search', 'registry/search'],
  ['/token', 'access/token'],
  [undefined, 'unknown'],
])('a request to %s is about %s', (url, kind) => {
  expect(routeClassOf({ routeOptions: { url } } as FastifyRequest)).toBe(kind);
});
