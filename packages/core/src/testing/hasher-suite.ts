import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Hasher, ResumableHasher } from '../digest.ts';
import { chunkings } from './chunks.ts';

/** FIPS 180-4 example vectors of NIST. */
const KNOWN_ANSWERS = [
  { name: 'no bytes', text: '', hex: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  { name: 'one block', text: 'abc', hex: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
  {
    name: 'two blocks',
    text: 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    hex: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  },
  {
    name: 'a million times a',
    text: 'a'.repeat(1_000_000),
    hex: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  },
];

const LONGEST = 300;

/** What every sha256 `Hasher` must do. */
export function hasherSuite(name: string, create: () => Hasher): void {
  describe(`${name} as a hasher`, () => {
    test.each(KNOWN_ANSWERS)('gives the published digest of $name', ({ text, hex }) => {
      const hasher = create();
      hasher.update(new TextEncoder().encode(text));
      expect(hasher.digest()).toBe(`sha256:${hex}`);
    });

    test('agrees with node:crypto on every length around the block size, however it is split', () => {
      for (let length = 0; length <= LONGEST; length++) {
        const bytes = pattern(length);
        for (const { chunks } of chunkings(bytes)) {
          const hasher = create();
          for (const chunk of chunks) hasher.update(chunk);
          expect(hasher.digest()).toBe(reference(bytes));
        }
      }
    });

    test.each([65_535, 65_536, 65_537, 200_000])('takes a chunk of %i bytes', (length) => {
      const bytes = pattern(length);
      const hasher = create();
      hasher.update(bytes);
      expect(hasher.digest()).toBe(reference(bytes));
    });

    test('takes chunks that are views into a larger buffer, and empty ones', () => {
      const bytes = pattern(1000);
      const hasher = create();
      hasher.update(bytes.subarray(3, 500));
      hasher.update(new Uint8Array(0));
      hasher.update(bytes.subarray(500, 997));
      expect(hasher.digest()).toBe(reference(bytes.subarray(3, 997)));
    });

    test('does not mix streams that are hashed at the same time', () => {
      const [left, right] = [create(), create()];
      const bytes = pattern(10_000);
      for (let at = 0; at < bytes.length; at += 100) {
        left.update(bytes.subarray(at, at + 100));
        right.update(bytes.subarray(at, at + 50));
      }
      expect(left.digest()).toBe(reference(bytes));
      expect(right.digest()).not.toBe(reference(bytes));
    });

    test('is of single use', () => {
      const hasher = create();
      hasher.digest();
      expect(() => hasher.update(pattern(1))).toThrow();
      expect(() => hasher.digest()).toThrow();
    });
  });
}

/** What every `ResumableHasher` must do besides. `restore` throws `INVALID_ARGUMENT` for a foreign state. */
export function resumableHasherSuite(
  name: string,
  create: () => ResumableHasher,
  restore: (state: Uint8Array) => ResumableHasher,
): void {
  describe(`${name} as a resumable hasher`, () => {
    test('goes on in another instance from any point', () => {
      const bytes = pattern(LONGEST);
      for (let cut = 0; cut <= LONGEST; cut++) {
        const first = create();
        first.update(bytes.subarray(0, cut));
        const second = restore(first.save());
        second.update(bytes.subarray(cut));
        expect(second.digest()).toBe(reference(bytes));
      }
    });

    test('stays usable after a save', () => {
      const bytes = pattern(1000);
      const hasher = create();
      for (let at = 0; at < bytes.length; at += 77) {
        hasher.update(bytes.subarray(at, at + 77));
        hasher.save();
      }
      expect(hasher.digest()).toBe(reference(bytes));
    });

    test('gives a state that later updates do not change, the same for the same bytes', () => {
      const hasher = create();
      hasher.update(pattern(100));
      const state = hasher.save();
      const copy = new Uint8Array(state);
      hasher.update(pattern(1000));
      expect(state).toEqual(copy);
      expect(restore(state).save()).toEqual(copy);
    });

    test('refuses a state that is cut, grown, of another version or no state at all', () => {
      const hasher = create();
      hasher.update(pattern(100));
      const state = hasher.save();
      const foreign = [
        new Uint8Array(0),
        new Uint8Array(state.length),
        state.subarray(0, -1),
        Uint8Array.of(...state, 0),
        state.with(0, (state[0] ?? 0) ^ 1),
        state.with(3, (state[3] ?? 0) + 1),
        new Uint8Array(1_000_000),
      ];
      for (const bytes of foreign)
        expect(() => restore(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    });
  });
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

function reference(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
