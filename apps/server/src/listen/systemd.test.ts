import { expect, test } from 'vitest';
import { takeActivatedSockets } from './systemd.ts';

test('sockets meant for this process are taken, and no program we start believes that they are for it', () => {
  const env = { LISTEN_FDS: '2', LISTEN_PID: '7', LISTEN_FDNAMES: 'a:b', PATH: '/bin' };
  expect(takeActivatedSockets(env, 7)).toEqual([3, 4]);
  expect(env).toEqual({ PATH: '/bin' });
});

test.each([
  { name: 'nothing is said', env: {} },
  { name: 'another process is meant', env: { LISTEN_FDS: '1', LISTEN_PID: '8' } },
  { name: 'no process is meant', env: { LISTEN_FDS: '1' } },
  { name: 'there are none', env: { LISTEN_FDS: '0', LISTEN_PID: '7' } },
])('no sockets are taken when $name', ({ env }) => {
  expect(takeActivatedSockets(env, 7)).toEqual([]);
});

test.each(['x', '-1', '1.5', '1000', ''])('%j is no number of sockets', (count) => {
  expect(() => takeActivatedSockets({ LISTEN_FDS: count, LISTEN_PID: '7' }, 7)).toThrow('LISTEN_FDS is');
});
