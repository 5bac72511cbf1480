import { describe, expect, test } from 'vitest';
import { descendants } from './host-processes.ts';
import { idsRefused, namespaceRefused, planRootless } from './rootless.ts';
import { idMap, subordinateRanges } from './subordinate-ids.ts';

const me = { uid: 1000, userName: 'me' };

describe('subordinateRanges', () => {
  test.each([
    { name: 'by name and by ID', text: 'me:100000:65536\n1000:300000:10\n', count: 2 },
    { name: 'of others', text: 'you:100000:65536\n10000:1:1\n', count: 0 },
    { name: 'none', text: '', count: 0 },
    { name: 'of nothing, or of root', text: 'me:100000:0\nme:0:65536\nme\nme:x:y\n# me\n', count: 0 },
  ])('reads ranges $name', ({ text, count }) => {
    expect(subordinateRanges(text, me)).toHaveLength(count);
  });
});

describe('idMap', () => {
  test('has the user as root, and ranges one after another', () => {
    const ranges = [
      { first: 100000, count: 65536 },
      { first: 300000, count: 10 },
    ];
    expect(idMap(1000, ranges).join(' ')).toBe('0 1000 1 1 100000 65536 65537 300000 10');
    expect(idMap(1000, [])).toEqual(['0', '1000', '1']);
  });
});

describe('planRootless', () => {
  const facts = {
    ...me,
    gid: 100,
    subuid: 'you:1:1\nme:100000:65536\n',
    subgid: '1000:200000:65536\n',
    unshare: '/usr/bin/unshare',
    nsenter: '/usr/bin/nsenter',
    newuidmap: '/usr/bin/newuidmap',
    newgidmap: '/usr/bin/newgidmap',
  };

  test('takes the ranges of a user', () => {
    expect(planRootless(facts)).toEqual({
      unshare: '/usr/bin/unshare',
      maps: [
        { program: '/usr/bin/newuidmap', ids: ['0', '1000', '1', '1', '100000', '65536'] },
        { program: '/usr/bin/newgidmap', ids: ['0', '100', '1', '1', '200000', '65536'] },
      ],
    });
  });

  test('makes do with one user', () => {
    const { newuidmap: _, ...withoutProgram } = facts;
    for (const less of [{ ...facts, subuid: '' }, { ...facts, subgid: 'you:1:1' }, withoutProgram])
      expect(planRootless(less).maps).toEqual([]);
  });

  test.each(['unshare', 'nsenter'] as const)('tells that it cannot do without %s', (program) => {
    const { [program]: _, ...without } = facts;
    expect(() => planRootless(without)).toThrow(
      `running containers without root is not possible: ${program} is not found in $PATH`,
    );
  });
});

describe('what forbids a namespace', () => {
  test.each([
    { settings: { limit: '0' }, why: 'user.max_user_namespaces is 0' },
    { settings: { userns: '0', limit: '9' }, why: 'kernel.unprivileged_userns_clone is 0' },
    { settings: { appArmor: '1' }, why: 'kernel.apparmor_restrict_unprivileged_userns is 1' },
    { settings: { userns: '1', appArmor: '0' }, why: 'unshare: Operation not permitted' },
  ])('is told in one line: $why', ({ settings, why }) => {
    const error = namespaceRefused('unshare: Operation not permitted\nmore\n', settings);
    expect(error.message).toBe(`running containers without root is not possible: ${why}`);
    expect(error.hint).toMatch(/allow/);
  });

  test('may be the ranges', () => {
    const error = idsRefused('newuidmap: uid range [1-65537) -> [1-65537) not allowed\n');
    expect(error.message).toMatch(/not possible: newuidmap: uid range .* not allowed$/);
    expect(error.hint).toContain('/etc/subuid');
  });
});

test('descendants of a process are found whatever their IDs', () => {
  const parents = new Map([
    [1, 0],
    [5, 9],
    [7, 5],
    [9, 1],
    [10, 1],
    [11, undefined],
  ]);
  expect(descendants(9, parents).sort()).toEqual([5, 7, 9]);
  expect(descendants(11, parents)).toEqual([11]);
});
