import { expect, test } from 'vitest';
import { outputFault } from './io.ts';

test.each([
  { name: 'a reader that has seen enough', code: 'EPIPE', fault: { exitCode: 0 } },
  {
    name: 'a full disk',
    code: 'ENOSPC',
    fault: { exitCode: 1, message: 'Error: write /dev/stdout: no space left on device\n' },
  },
  {
    name: 'a fault without words of its own',
    code: 'EWEIRD',
    fault: { exitCode: 1, message: 'Error: write /dev/stdout: EWEIRD: odd\n' },
  },
])('ends the process on $name', ({ code, fault }) => {
  const error = Object.assign(new Error(`${code}: odd`), { code, syscall: 'write' });
  expect(outputFault(error, 1)).toEqual(fault);
});

test('does not end the process when nobody reads its errors', () => {
  const error = Object.assign(new Error('EPIPE: odd'), { code: 'EPIPE' });
  expect(outputFault(error, 2)).toBeUndefined();
});
