import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWherryError } from '../../errors.ts';
import { parseGitUrl, redactUrls } from './git-url.ts';
import { parseContextArgument, parseNamedContext } from './layout.ts';

describe('a git URL', () => {
  test.each([
    { text: 'https://github.com/foo/bar.git', remote: 'https://github.com/foo/bar.git' },
    {
      text: 'https://github.com/foo/bar.git#baz/qux:quux/quuz',
      remote: 'https://github.com/foo/bar.git',
      ref: 'baz/qux',
      subdirectory: 'quux/quuz',
    },
    { text: 'http://example.com/x.git#v1', remote: 'http://example.com/x.git', ref: 'v1' },
    {
      text: 'https://user:pw@example.com:8443/x.git#:sub/',
      remote: 'https://user:pw@example.com:8443/x.git',
      subdirectory: 'sub',
    },
    { text: 'git://github.com/docker/docker', remote: 'git://github.com/docker/docker' },
    { text: 'git@github.com:docker/docker.git', remote: 'git@github.com:docker/docker.git' },
    {
      text: 'git@github.com:docker/docker.git#main:/a/../b/',
      remote: 'git@github.com:docker/docker.git',
      ref: 'main',
      subdirectory: 'b',
    },
    { text: 'custom.user@host:x', remote: undefined },
    { text: 'user@192.168.0.1:path/x', remote: 'user@192.168.0.1:path/x' },
    { text: 'ssh://git@github.com:22/docker/docker', remote: 'ssh://git@github.com:22/docker/docker' },
    { text: 'github.com/docker/docker', remote: 'https://github.com/docker/docker' },
    { text: 'github.com/docker/docker.git#:', remote: 'https://github.com/docker/docker.git' },
    { text: 'https://github.com/docker/docker', remote: undefined },
    { text: 'https://example.com/x.gitz', remote: undefined },
    { text: 'https://example.com/context.tar.gz', remote: undefined },
    { text: 'ext::sh -c id', remote: undefined },
    { text: 'file:///srv/x.git', remote: undefined },
    { text: './github.com/x', remote: undefined },
    { text: 'a/b@c:d', remote: undefined },
    { text: 'C:\\context', remote: undefined },
    { text: '--upload-pack=x', remote: undefined },
    { text: '', remote: undefined },
  ])('$text is read', ({ text, remote, ...rest }) => {
    expect(parseGitUrl(text)).toEqual(remote === undefined ? undefined : { remote, ...rest });
  });

  test.each([
    'https://example.com/x.git#--upload-pack=touch',
    'https://example.com/x.git#a b',
    'https://example.com/x.git#a..b',
    'https://example.com/x.git#+a:../b',
    'git@host:-oProxyCommand=x',
    'ssh://-oProxyCommand=x/y',
    'ssh://%2doProxyCommand=x@host/y',
    'git@host:x\ny',
  ])('%s is refused', (text) => {
    let found: unknown;
    try {
      found = parseGitUrl(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect(found).toBeUndefined();
  });

  test('never gives git an option', () => {
    const piece = fc.constantFrom(
      '-',
      '--',
      'git@',
      'ssh://',
      'https://',
      'github.com/',
      ':',
      '/',
      '#',
      'x',
      '.git',
      '..',
      '%2d',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        try {
          const source = parseGitUrl(pieces.join(''));
          expect([source?.remote ?? '', source?.ref ?? ''].some((word) => word.startsWith('-'))).toBe(false);
          expect(source?.subdirectory?.split('/') ?? []).not.toContain('..');
        } catch (error) {
          if (!isWherryError(error, 'INVALID_ARGUMENT')) throw error;
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('is shown without its secrets', () => {
    expect(redactUrls("fatal: 'https://u:p@host/x.git' and git@host:x")).toBe(
      "fatal: 'https://xxxxx@host/x.git' and git@host:x",
    );
  });
});

describe('a named context', () => {
  const digest = `sha256:${'a'.repeat(64)}`;

  test.each([
    { text: 'src=../lib', name: 'src', source: { kind: 'directory', path: '../lib' } },
    { text: 'src=a=b', name: 'src', source: { kind: 'directory', path: 'a=b' } },
    { text: 'docker.io/library/alpine:latest=.', name: 'alpine', source: { kind: 'directory', path: '.' } },
    { text: 'alpine:3.20=.', name: 'alpine:3.20', source: { kind: 'directory', path: '.' } },
    {
      text: 'x=https://example.com/c.tar',
      name: 'x',
      source: { kind: 'url', url: 'https://example.com/c.tar' },
    },
    {
      text: 'x=https://example.com/c.git#v1',
      name: 'x',
      source: { kind: 'git', source: { remote: 'https://example.com/c.git', ref: 'v1' } },
    },
    {
      text: 'x=docker-image://alpine:3',
      name: 'x',
      source: { kind: 'image', ref: { domain: 'docker.io', path: 'library/alpine', tag: '3' } },
    },
    { text: 'x=target:base', name: 'x', source: { kind: 'target', name: 'base' } },
    {
      text: 'x=oci-layout:///srv/layout',
      name: 'x',
      source: { kind: 'oci-layout', path: '/srv/layout', tag: 'latest' },
    },
    { text: 'x=oci-layout://l:v1', name: 'x', source: { kind: 'oci-layout', path: 'l', tag: 'v1' } },
    {
      text: `x=oci-layout://l@${digest}`,
      name: 'x',
      source: { kind: 'oci-layout', path: 'l', tag: 'latest', digest },
    },
    {
      text: `x=oci-layout://C:\\l:v1@${digest}`,
      name: 'x',
      source: { kind: 'oci-layout', path: 'C:\\l', tag: 'v1', digest },
    },
  ])('$text is read', ({ text, ...expected }) => {
    expect(parseNamedContext(text)).toEqual(expected);
  });

  test.each([
    { text: 'x', message: 'invalid context value: x, expected key=value' },
    { text: 'x=', message: 'invalid context value: x=, expected key=value' },
    { text: 'A=.', message: 'invalid context name A: ' },
    { text: '=.', message: 'invalid context name : ' },
    { text: 'x=target:', message: 'build context x: no target named' },
    { text: 'x=oci-layout://', message: 'build context x: no path of a layout' },
    { text: 'x=oci-layout://l:', message: 'build context x: the tag after ":" is empty' },
    { text: 'x=oci-layout://l@sha256:1', message: 'invalid checksum digest length' },
    { text: 'x=docker-image://A', message: 'must be lowercase' },
  ])('$text is refused', ({ text, message }) => {
    expect(() => parseNamedContext(text)).toThrow(message);
  });
});

test.each([
  { text: '.', isThere: true, kind: 'directory' },
  { text: 'nosuch', isThere: false, kind: 'directory' },
  { text: 'github.com/a/b', isThere: false, kind: 'git' },
  { text: 'github.com/a/b', isThere: true, kind: 'directory' },
  { text: 'http://example.com/Dockerfile', isThere: false, kind: 'url' },
])('the argument $text, there: $isThere, is a $kind', ({ text, isThere, kind }) => {
  expect(parseContextArgument(text, isThere).kind).toBe(kind);
});
