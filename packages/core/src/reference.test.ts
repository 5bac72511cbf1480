import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Digest, isDigest } from './digest.ts';
import { WherryError } from './errors.ts';
import {
  familiarName,
  formatReference,
  isTag,
  parseAnyReference,
  parseReference,
  type Reference,
  repositoryOf,
  sameRepository,
  withDefaultTag,
  withDigest,
  withTag,
} from './reference.ts';

interface SharedCase {
  readonly input: string;
  readonly any: string | null;
  readonly error?: string;
  readonly domain?: string;
  readonly path?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly full?: string;
  readonly familiar?: string;
  readonly tagNameOnly?: string;
}

const CASES = new URL('../../../../shared/cases/reference/cases.json', import.meta.url);
const ID = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';
const DIGEST = `sha256:${ID}` as Digest;

function failure(run: () => unknown): WherryError {
  try {
    run();
  } catch (error) {
    if (error instanceof WherryError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function formatAny(text: string): string {
  const any = parseAnyReference(text);
  return 'imageId' in any ? any.imageId : formatReference(any);
}

describe.skipIf(!existsSync(CASES))('the recorded cases', () => {
  const rows: SharedCase[] = existsSync(CASES) ? JSON.parse(readFileSync(CASES, 'utf8')) : [];

  // The recorder was built without SHA-256, so it took no digest at all. Docker itself does: the recordings
  // of `docker pull name@sha256:…` show it.
  const digestOf = (text: string) => text.slice(text.indexOf('@') + 1);
  const recordedWithoutSha256 = (row: SharedCase) =>
    isDigest(digestOf(row.input)) && row.error !== 'invalid reference format';

  const good = rows.filter((row) => row.error === undefined && !recordedWithoutSha256(row));
  const bad = rows.filter((row) => row.error !== undefined && !recordedWithoutSha256(row));
  const withSha256 = rows.filter(recordedWithoutSha256);

  test.each(good)('reads $input', (row) => {
    const ref = parseReference(row.input);
    expect(ref).toEqual({
      domain: row.domain,
      path: row.path,
      ...(row.tag ? { tag: row.tag } : {}),
      ...(row.digest ? { digest: row.digest } : {}),
    });
    expect(formatReference(ref)).toBe(row.full);
    expect(familiarName(ref)).toBe(row.familiar);
    expect(formatReference(withDefaultTag(ref))).toBe(row.tagNameOnly);
    expect(formatAny(row.input)).toBe(row.any);
  });

  test.each(bad)('refuses $input', (row) => {
    const error = failure(() => parseReference(row.input));
    expect(error.code).toBe('INVALID_REFERENCE');
    expect(error.message).toBe(row.error);
    expect(error.hint).toMatch(/./);
    if (row.any === null) expect(failure(() => parseAnyReference(row.input)).message).toBe(row.error);
    else expect(formatAny(row.input)).toBe(row.any);
  });

  test.each(withSha256)('takes the digest of $input', ({ input }) => {
    const digest = digestOf(input);
    const any = parseAnyReference(input);
    if (input === digest) expect(any).toEqual({ imageId: digest });
    else expect(any).toMatchObject({ digest });
  });
});

describe('parseReference', () => {
  test.each([
    { name: 'a tag and a digest', text: `a/b:1@${DIGEST}`, full: `docker.io/a/b:1@${DIGEST}` },
    { name: 'sha512', text: `a@sha512:${ID}${ID}`, full: `docker.io/library/a@sha512:${ID}${ID}` },
    { name: 'a host with port and a tag', text: 'r:5000/a:b', full: 'r:5000/a:b' },
    { name: 'the longest path', text: `r.io/${'a'.repeat(255)}`, full: `r.io/${'a'.repeat(255)}` },
    { name: 'the longest tag', text: `a:${'t'.repeat(128)}`, full: `docker.io/library/a:${'t'.repeat(128)}` },
  ])('reads $name', ({ text, full }) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  test.each([
    { name: 'a short digest', text: `a@sha256:${'a'.repeat(32)}`, message: 'invalid checksum digest length' },
    {
      name: 'an upper-case digest',
      text: `a@sha256:${ID.toUpperCase()}`,
      message: 'invalid checksum digest format',
    },
    { name: 'a digest alone', text: `@${DIGEST}`, message: 'invalid reference format' },
    {
      name: 'a tag that is too long',
      text: `a:${'t'.repeat(129)}`,
      message: 'invalid reference format',
      hint: 'the tag has 129 characters, and 128 are allowed',
    },
    {
      name: 'a path that is too long',
      text: `r.io/${'a'.repeat(256)}`,
      message: 'repository name must not be more than 255 characters',
    },
    {
      name: 'a very long path',
      text: 'a/'.repeat(100_000),
      message: 'invalid reference format',
      hint: 'a part between slashes is empty',
    },
    {
      name: 'an empty tag',
      text: 'a:',
      message: 'invalid reference format',
      hint: 'the tag after ":" is empty',
    },
    {
      name: 'an empty digest',
      text: 'a@',
      message: 'invalid reference format',
      hint: 'the digest after "@" is empty',
    },
    {
      name: 'a space',
      text: 'my image',
      message: 'invalid reference format',
      hint: 'a space cannot be in a repository name',
    },
    {
      name: 'a control character',
      text: 'a\u0000b',
      message: 'invalid reference format',
      hint: '"\\u0000" cannot be in a repository name',
    },
    {
      name: 'dots in a row',
      text: 'a..b',
      message: 'invalid reference format',
      hint: '".." cannot separate words in a repository name: use ".", "_", "__" or dashes',
    },
    {
      name: 'a scheme',
      text: 'https://r.io/a',
      message: 'invalid reference format',
      hint: 'the port after "https:" must be a number',
    },
    {
      name: 'an open bracket',
      text: '[::1/a',
      message: 'invalid reference format',
      hint: 'the "[" of an IPv6 host is not closed',
    },
    {
      name: 'a tag that begins with a dash',
      text: 'a:-b',
      message: 'invalid reference format',
      hint: 'a tag cannot begin with "-"',
    },
    {
      name: 'upper case',
      text: 'library/Ubuntu:18.04',
      message: 'invalid reference format: repository name (library/Ubuntu) must be lowercase',
      hint: '"U" at character 9 is upper case: write library/ubuntu:18.04',
    },
    {
      name: 'upper case in a name of one part',
      text: 'Ubuntu:U1',
      message: 'invalid reference format: repository name (library/Ubuntu) must be lowercase',
      hint: '"U" at character 1 is upper case: write ubuntu:U1',
    },
    {
      name: 'upper case in a name of one part behind its registry',
      text: 'docker.io/uBuntu',
      message: 'invalid reference format: repository name (library/uBuntu) must be lowercase',
      hint: '"B" at character 12 is upper case: write docker.io/ubuntu',
    },
    {
      name: 'upper case behind a registry that has some too',
      text: 'Reg.io/a/Reg',
      message: 'invalid reference format: repository name (a/Reg) must be lowercase',
      hint: '"R" at character 10 is upper case: write Reg.io/a/reg',
    },
  ])('refuses $name', ({ text, message, hint }) => {
    const error = failure(() => parseReference(text));
    expect(error.code).toBe('INVALID_REFERENCE');
    expect(error.message).toBe(message);
    if (hint !== undefined) expect(error.hint).toBe(hint);
  });

  test('reads back what formatReference and familiarName write', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const component = fc
      .array(fc.tuple(word, fc.constantFrom('.', '_', '__', '-', '---')), { minLength: 1, maxLength: 3 })
      .map((pairs) => pairs.map(([text, separator], at) => (at === 0 ? text : separator + text)).join(''));
    const reference: fc.Arbitrary<Reference> = fc.record(
      {
        domain: fc.constantFrom('docker.io', 'localhost', 'r.example.com:5000', '[::1]:5000', 'UPPER'),
        path: fc.array(component, { minLength: 2, maxLength: 4 }).map((parts) => `x/${parts.join('/')}`),
        tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
        digest: fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as Digest),
      },
      { requiredKeys: ['domain', 'path'] },
    );
    fc.assert(
      fc.property(reference, (ref) => {
        expect(parseReference(formatReference(ref))).toEqual(ref);
        expect(parseReference(familiarName(ref))).toEqual(ref);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('throws nothing but INVALID_REFERENCE, whatever the text', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.:@/_[\]-]{0,60}$/));
    fc.assert(
      fc.property(text, (input) => {
        let ref: Reference;
        try {
          ref = parseReference(input);
        } catch (error) {
          expect((error as WherryError).code).toBe('INVALID_REFERENCE');
          return;
        }
        expect(parseReference(formatReference(ref))).toEqual(ref);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe('the parts of a reference', () => {
  const ref = parseReference(`r.io/a/b:1@${DIGEST}`);

  test('are replaced one by one', () => {
    expect(formatReference(withTag(ref, '2'))).toBe('r.io/a/b:2');
    expect(formatReference(withDigest(parseReference('r.io/a/b:1'), DIGEST))).toBe(`r.io/a/b@${DIGEST}`);
    expect(repositoryOf(ref)).toEqual({ domain: 'r.io', path: 'a/b' });
    expect(withDefaultTag(repositoryOf(ref)).tag).toBe('latest');
    expect(withDefaultTag(ref)).toBe(ref);
  });

  test('compare by repository', () => {
    expect(sameRepository(ref, parseReference('r.io/a/b'))).toBe(true);
    expect(sameRepository(ref, parseReference('r.io/a/c'))).toBe(false);
    expect(sameRepository(ref, parseReference('q.io/a/b'))).toBe(false);
  });

  test('refuse a tag that is none', () => {
    expect(isTag('1.0_x-y')).toBe(true);
    expect(isTag('.1')).toBe(false);
    expect(failure(() => withTag(ref, 'a/b')).code).toBe('INVALID_REFERENCE');
  });
});
