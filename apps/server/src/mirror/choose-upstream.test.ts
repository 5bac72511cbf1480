import { describe, expect, test } from 'vitest';
import { chooseUpstream, upstreamPath } from './choose-upstream.ts';
import { ageText, stalenessWarning } from './warnings.ts';

const CHOICES = {
  upstreams: ['docker.io', 'ghcr.io', '127.0.0.1:5001'],
  hosts: { 'hub.example.org': 'docker.io', 'ghcr.example.org:8080': 'ghcr.io' },
};
const HOST = '127.0.0.1:5000';

const CASES = [
  {
    name: 'the first part of a path',
    request: { path: 'ghcr.io/org/app/manifests/v1', host: HOST, namespace: undefined },
    chosen: { upstream: 'ghcr.io', path: 'org/app/manifests/v1', isBareName: false },
  },
  {
    name: 'a host with a port in the path',
    request: { path: '127.0.0.1:5001/app/tags/list', host: HOST, namespace: undefined },
    chosen: { upstream: '127.0.0.1:5001', path: 'app/tags/list', isBareName: false },
  },
  {
    name: 'a namespace, whatever the path begins with',
    request: { path: 'docker.io/app/manifests/v1', host: HOST, namespace: 'GHCR.io' },
    chosen: { upstream: 'ghcr.io', path: 'docker.io/app/manifests/v1', isBareName: false },
  },
  {
    name: 'the host without its port',
    request: { path: 'library/ubuntu/manifests/latest', host: 'HUB.example.org:443', namespace: undefined },
    chosen: { upstream: 'docker.io', path: 'library/ubuntu/manifests/latest', isBareName: false },
  },
  {
    name: 'the host with its port',
    request: { path: 'org/app/manifests/v1', host: 'ghcr.example.org:8080', namespace: undefined },
    chosen: { upstream: 'ghcr.io', path: 'org/app/manifests/v1', isBareName: false },
  },
  {
    name: 'Docker Hub for a bare name',
    request: { path: 'library/ubuntu/manifests/latest', host: HOST, namespace: undefined },
    chosen: { upstream: 'docker.io', path: 'library/ubuntu/manifests/latest', isBareName: true },
  },
  {
    name: 'the service itself as any host',
    request: { path: 'team/app/manifests/v1', host: HOST, namespace: HOST },
    chosen: { upstream: 'docker.io', path: 'team/app/manifests/v1', isBareName: true },
  },
];

describe('an upstream is chosen by', () => {
  test.each(CASES)('$name', ({ request, chosen }) => {
    expect(chooseUpstream(request, CHOICES)).toEqual(chosen);
  });

  test('nothing where Docker Hub is not mirrored', () => {
    const request = { path: 'library/ubuntu/manifests/latest', host: HOST, namespace: undefined };
    expect(chooseUpstream(request, { ...CHOICES, upstreams: ['ghcr.io'] })).toBeUndefined();
  });

  test('no namespace that is not mirrored', () => {
    const request = { path: 'org/app/manifests/v1', host: HOST, namespace: 'quay.io' };
    expect(() => chooseUpstream(request, CHOICES)).toThrow(
      expect.objectContaining({ code: 'NAME_UNKNOWN', message: 'quay.io is not mirrored here' }),
    );
  });
});

test('official images of Docker Hub lie in library', () => {
  expect(upstreamPath('docker.io', 'ubuntu')).toBe('library/ubuntu');
  expect(upstreamPath('docker.io', 'org/app')).toBe('org/app');
  expect(upstreamPath('ghcr.io', 'app')).toBe('app');
});

test('a warning is one quoted line', () => {
  const error = Object.assign(new Error('said "no"\n\u{1f600}'), { code: 'UNREACHABLE' }) as never;
  expect(stalenessWarning('ghcr.io', { ageMs: 7_300_000, error })).toBe(
    '299 - "ghcr.io is out of reach (said \\"no\\" ): this was true 2 hours ago"',
  );
  expect([ageText(90_000), ageText(200_000_000), ageText(10)]).toEqual(['1 minute', '2 days', 'a moment']);
});
