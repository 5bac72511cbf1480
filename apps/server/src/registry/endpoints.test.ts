import { isWherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { isTag, parseEndpoint } from './endpoints.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('parseEndpoint', () => {
  test.each([
    { name: 'the base', path: '', want: { kind: 'base' } },
    { name: 'a blob', path: `app/blobs/${DIGEST}`, want: { kind: 'blob', name: 'app', digest: DIGEST } },
    {
      name: 'a blob of a nested repository',
      path: `a/b_c/d.e/f--g/blobs/${DIGEST}`,
      want: { kind: 'blob', name: 'a/b_c/d.e/f--g', digest: DIGEST },
    },
    {
      name: 'a manifest by tag',
      path: 'app/manifests/v1.0',
      want: { kind: 'manifest', name: 'app', reference: 'v1.0' },
    },
    { name: 'where uploads begin', path: 'app/blobs/uploads/', want: { kind: 'uploads', name: 'app' } },
    { name: 'the same without the slash', path: 'app/blobs/uploads', want: { kind: 'uploads', name: 'app' } },
    { name: 'an upload', path: 'a/b/blobs/uploads/1-2', want: { kind: 'upload', name: 'a/b', id: '1-2' } },
    { name: 'the catalogue', path: '_catalog', want: { kind: 'catalog' } },
    { name: 'the tags', path: 'a/b/tags/list', want: { kind: 'tags', name: 'a/b' } },
    {
      name: 'a repository whose name has the words of a path in it',
      path: `blobs/uploads/manifests/tags/list/blobs/${DIGEST}`,
      want: { kind: 'blob', name: 'blobs/uploads/manifests/tags/list', digest: DIGEST },
    },
    {
      name: 'a tag called list',
      path: 'tags/manifests/list',
      want: { kind: 'manifest', name: 'tags', reference: 'list' },
    },
    { name: 'nothing known', path: 'app/other/thing', want: undefined },
    { name: 'a single word', path: 'app', want: undefined },
  ])('reads $name', ({ path, want }) => {
    expect(parseEndpoint(path)).toEqual(want);
  });

  test.each([
    { name: 'upper case', path: 'App/manifests/x' },
    { name: 'no name', path: 'manifests/x' },
    { name: 'an empty part', path: 'a//b/manifests/x' },
    { name: 'a way up', path: '../a/tags/list' },
    { name: 'a separator at the end', path: 'a-/tags/list' },
    { name: '256 characters', path: `${'a'.repeat(256)}/tags/list` },
  ])('refuses a name with $name', ({ path }) => {
    try {
      parseEndpoint(path);
      expect.unreachable();
    } catch (error) {
      expect(isWherryError(error, 'INVALID_REFERENCE')).toBe(true);
    }
  });

  test('judges a long hostile name at once', () => {
    expect(() => parseEndpoint(`${'a-'.repeat(120)}!/tags/list`)).toThrow('invalid repository name');
  });
});

test.each([
  { name: 'v1', want: true },
  { name: '_x.y-Z', want: true },
  { name: 'a'.repeat(128), want: true },
  { name: 'a'.repeat(129), want: false },
  { name: '.hidden', want: false },
  { name: '', want: false },
  { name: 'a b', want: false },
])('tells whether $name is a tag', ({ name, want }) => {
  expect(isTag(name)).toBe(want);
});
