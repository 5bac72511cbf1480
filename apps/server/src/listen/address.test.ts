import { expect, test } from 'vitest';
import { requireLoopback } from './address.ts';

test.each(['127.0.0.1', '127.9.8.7', '::1', '0:0:0:0:0:0:0:1', 'localhost'])('listens on %s', (host) => {
  expect(() => requireLoopback(host)).not.toThrow();
});

test.each(['0.0.0.0', '::', '192.168.1.1', '128.0.0.1', 'example.com', '', '127.1', 'fe80::1'])(
  'refuses to listen on %j, because there is no access control',
  (host) => {
    expect(() => requireLoopback(host)).toThrow(
      `address ${host} is not a loopback address, and there is no access control`,
    );
  },
);
