import { expect, test } from 'vitest';
import { readAddress } from './host-port.ts';

test.each([
  { text: '127.0.0.1:5000', host: '127.0.0.1', port: 5000 },
  { text: ':0', host: '0.0.0.0', port: 0 },
  { text: '[::1]:80', host: '::1', port: 80 },
  { text: 'localhost:65535', host: 'localhost', port: 65535 },
])('reads $text', ({ text, host, port }) => {
  expect(readAddress(text)).toEqual({ host, port });
});
