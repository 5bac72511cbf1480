import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../digest.ts';
import { digestOf } from '../../testing/metadata-store-suite.ts';
import type { StepInputs } from '../step-inputs.ts';
import { stepKey, stepSlot } from './step-key.ts';

const SEED = 20260102;

const inputs: StepInputs = {
  base: digestOf('base'),
  instruction: 'RUN make',
  values: { 'arg A': '1', user: 'root' },
};
const filesOf = (digest: Digest) => ({ digest, list: () => [] });

/** Short texts of what separates, so that wrong joints meet; halves of surrogate pairs as well. */
const text = fc.array(fc.constantFrom('a', 'b', ' ', '"', ',', '\\', '\n', '\0', '\ud800', '\udc00', '='), {
  maxLength: 4,
});
const anyInputs = fc
  .record({
    base: text,
    instruction: text,
    values: fc.array(fc.tuple(text, text), { maxLength: 3 }),
    files: fc.option(fc.constantFrom('a', 'b')),
  })
  .map(({ base, instruction, values, files }) => ({
    base: base.join(''),
    instruction: instruction.join(''),
    values: Object.fromEntries(values.map(([name, value]) => [name.join(''), value.join('')])),
    ...(files !== null && { files: filesOf(digestOf(files)) }),
  }));

/** What makes inputs equal, said in another way. */
function same(a: StepInputs, b: StepInputs): boolean {
  const [left, right] = [new Map(Object.entries(a.values)), new Map(Object.entries(b.values))];
  return (
    a.base === b.base &&
    a.instruction === b.instruction &&
    a.files?.digest === b.files?.digest &&
    left.size === right.size &&
    [...left].every(([name, value]) => right.get(name) === value)
  );
}

describe('stepKey', () => {
  test('is the same for equal inputs alone', () => {
    fc.assert(
      fc.property(anyInputs, anyInputs, (a, b) => {
        expect(stepKey(a) === stepKey(b)).toBe(same(a, b));
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test('does not depend on the order of values', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([name]) => name });
    fc.assert(
      fc.property(entries, fc.array(fc.nat()), (list, order) => {
        const shuffled = list
          .map((entry, index) => ({ entry, at: order[index] ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry);
        expect(stepKey({ ...inputs, values: Object.fromEntries(shuffled) })).toBe(
          stepKey({ ...inputs, values: Object.fromEntries(list) }),
        );
      }),
      { seed: SEED },
    );
  });

  test.each([
    { name: 'a base', other: { base: '' } },
    { name: 'an instruction', other: { instruction: 'RUN make ' } },
    { name: 'a value', other: { values: { 'arg A': '2', user: 'root' } } },
    { name: 'a value under another name', other: { values: { 'arg B': '1', user: 'root' } } },
    { name: 'one value more', other: { values: { 'arg A': '1', user: 'root', shell: '' } } },
    { name: 'files', other: { files: filesOf(digestOf('')) } },
  ])('tells $name apart', ({ other }) => {
    expect(stepKey({ ...inputs, ...other })).not.toBe(stepKey(inputs));
  });

  test('stays what it is: a new form of it makes every cache useless, and wants a new version', () => {
    expect(stepKey(inputs)).toBe('1f9ac722b06052e8fc9f15ab8cb740e0f522057ff4b9f9ed4eba982be1764b68');
    expect(stepKey({ ...inputs, files: filesOf(digestOf('files')) })).toBe(
      'c9e4b44b2482b6591cabe96450b0f718b313b3635a933b6a8901ce8fb22e4439',
    );
  });

  test('does not read the list of files', () => {
    const list = () => {
      throw new Error('read');
    };
    expect(stepKey({ ...inputs, files: { digest: digestOf('a'), list } })).toHaveLength(64);
  });
});

describe('stepSlot', () => {
  test('is that of one place alone', () => {
    const places = [
      { dockerfile: '/a/Dockerfile', stage: 0, ordinal: 1 },
      { dockerfile: '/a/Dockerfile', stage: '0', ordinal: 1 },
      { dockerfile: '/a/Dockerfile', stage: 0, ordinal: 2 },
      { dockerfile: '/b/Dockerfile', stage: 0, ordinal: 1 },
    ];
    expect(new Set(places.map(stepSlot)).size).toBe(places.length);
    expect(stepSlot({ ...places[0]! })).toBe(stepSlot(places[0]!));
  });
});
