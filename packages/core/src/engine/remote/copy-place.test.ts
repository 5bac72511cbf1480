import { describe, expect, test } from 'vitest';
import { parseReference } from '../../reference.ts';
import { formatCopyPlace, parseCopyPlace } from './copy-place.ts';

const APP = { kind: 'registry', ref: parseReference('team/app:latest') };

describe('a place to copy from or to', () => {
  test.each([
    { text: 'team/app', place: APP, full: 'docker.io/team/app:latest' },
    { text: 'docker://team/app:latest', place: APP, full: 'docker.io/team/app:latest' },
    { text: 'oci:dir', place: { kind: 'oci', path: 'dir' } },
    { text: 'oci:/a/b:1.0', place: { kind: 'oci', path: '/a/b', name: '1.0' } },
    {
      text: 'oci:dir:a.example:5000/app:1',
      place: { kind: 'oci', path: 'dir', name: 'a.example:5000/app:1' },
    },
    { text: 'oci:C:\\dir:1', place: { kind: 'oci', path: 'C:\\dir', name: '1' } },
    { text: 'oci-archive:a.tar', place: { kind: 'oci-archive', path: 'a.tar' } },
    { text: 'docker-archive:a.tar:app:1', place: { kind: 'docker-archive', path: 'a.tar', name: 'app:1' } },
    { text: './dir', place: { kind: 'path', path: './dir' } },
    { text: '../dir', place: { kind: 'path', path: '../dir' } },
    { text: '/a.tar', place: { kind: 'path', path: '/a.tar' } },
  ])('is read from $text', ({ text, place, full = text }) => {
    expect(parseCopyPlace(text)).toEqual(place);
    expect(formatCopyPlace(parseCopyPlace(text))).toBe(full);
  });

  test.each([
    { text: 'oci:', code: 'INVALID_ARGUMENT' },
    { text: 'oci::1', code: 'INVALID_ARGUMENT' },
    { text: 'oci:dir:', code: 'INVALID_ARGUMENT' },
    { text: 'docker-archive:a.tar:BAD', code: 'INVALID_REFERENCE' },
    { text: '', code: 'INVALID_REFERENCE' },
    { text: 'docker://', code: 'INVALID_REFERENCE' },
  ])('is not read from $text', ({ text, code }) => {
    expect(() => parseCopyPlace(text)).toThrow(expect.objectContaining({ code }));
  });
});
