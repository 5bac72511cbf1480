import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Peer, startDockerRegistry, startWherryServe } from '../bench/peers.ts';
import type { ConformanceCase } from './conformance/case.ts';
import { ERROR_CASES } from './conformance/error-cases.ts';
import { MANIFEST_CASES } from './conformance/manifest-cases.ts';
import { PULL_CASES } from './conformance/pull-cases.ts';
import { REFERRER_CASES } from './conformance/referrer-cases.ts';
import { RegistryUnderTest } from './conformance/registry-under-test.ts';
import { UPLOAD_CASES } from './conformance/upload-cases.ts';
import { describeWith } from './needs.ts';
import { Sandbox, WHERRY } from './wherry.ts';

const CASES: readonly ConformanceCase[] = [
  ...PULL_CASES,
  ...UPLOAD_CASES,
  ...MANIFEST_CASES,
  ...REFERRER_CASES,
  ...ERROR_CASES,
];

/** What Debian's docker-registry (distribution 2.8) does otherwise, and why. */
const NOT_IN_DOCKER_REGISTRY: Readonly<Record<string, string>> = {
  'If-None-Match: a list of tags that the client has is not sent again': 'lists have no entity tag',
  'end-4b: POST with the whole blob stores it': 'always begins an upload, as the specification allows',
  'end-4c (main): a chunked upload of a sha512 blob': 'names the blob by its sha256 digest then',
  'end-4c (main): an unknown digest algorithm is refused': 'does not know the parameter',
  'end-5: a chunk out of order is answered with 416, and end-13 tells where to go on': 'appends the chunk',
  'end-6 (main): a last chunk out of order is answered with 416':
    'appends the chunk, whose digest is another one then',
  'end-11: a mount without from': 'begins an upload, as the specification allows',
  'end-7: a manifest above the limit is answered with 413': 'answers with 400',
  'end-7: a manifest by its sha512 digest': 'knows manifests by sha256 alone',
  'end-7b (main): ten tags with one manifest': 'does not know the parameter',
  'If-Match, If-None-Match: a tag is moved only if nobody else has moved it': 'does not look at them',
  'end-8a: all tags in ASCII order': 'lists tags in no order',
  'end-8b: tags page by page, along the Link': 'lists all tags at once',
  'end-8b: n=0 gives no tags and no Link': 'lists all tags at once',
  'end-8b: last without n, and one that is no tag of the repository': 'lists all tags at once',
  'end-9: DELETE of a tag takes the tag alone': 'deletes manifests by digest alone',
  'end-7: OCI-Subject answers a manifest with a subject': 'has no referrers',
  'end-12a: referrers with their types and annotations': 'has no referrers',
  'end-12a: a digest without referrers has an empty list': 'has no referrers',
  'end-12a: what is no digest is answered with 400': 'has no referrers',
  'end-12b: referrers of one type, and OCI-Filters-Applied': 'has no referrers',
  'end-12: a referrer that was deleted is not listed': 'has no referrers',
  'end-12: manifests under a fallback tag are listed': 'has no referrers',
  'BLOB_UPLOAD_UNKNOWN: an upload that is not there':
    'answers with BLOB_UPLOAD_INVALID where its state parameter is missing',
  'MANIFEST_BLOB_UNKNOWN: a manifest of blobs that are not there': 'answers with 400',
  'NAME_INVALID: a name in upper case': 'finds no endpoint, and answers with text',
  'SIZE_INVALID: a chunk that is not as long as its Content-Range': 'does not look at Content-Range',
  'UNSUPPORTED: a method that an endpoint has not': 'answers any method at /v2/',
};

const sandbox = new Sandbox();
let peer: Peer;
let registry: RegistryUnderTest;

function useRegistry(start: () => Promise<Peer>): void {
  beforeAll(async () => {
    peer = await start();
    registry = new RegistryUnderTest(peer.address);
  });
  afterAll(async () => {
    registry[Symbol.dispose]();
    await peer.stop();
  });
}

afterAll(() => sandbox[Symbol.dispose]());

describeWith({}, 'wherry serve', () => {
  useRegistry(() => startWherryServe(sandbox.directory('wherry'), [process.execPath, WHERRY]));

  test.each(CASES)('$name', ({ check }) => check(registry));
});

describeWith({ programs: ['docker-registry'] }, 'docker-registry', () => {
  useRegistry(() => startDockerRegistry(sandbox.directory('docker-registry')));

  test.each(CASES.filter(({ name }) => !(name in NOT_IN_DOCKER_REGISTRY)))('$name', ({ check }) =>
    check(registry),
  );

  test.each(CASES.filter(({ name }) => name in NOT_IN_DOCKER_REGISTRY))('has not: $name', ({ check }) =>
    expect(check(registry)).rejects.toThrow(),
  );
});

describe('the table of what docker-registry has not', () => {
  test('has only cases that there are', () => {
    const names = new Set(CASES.map(({ name }) => name));
    expect(names.size).toBe(CASES.length);
    expect(Object.keys(NOT_IN_DOCKER_REGISTRY).filter((name) => !names.has(name))).toEqual([]);
  });
});
