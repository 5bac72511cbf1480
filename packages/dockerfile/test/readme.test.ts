import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as dockerfile from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => ({
  code: code.replace(/^import \{([^}]*)\} from '@wherry\/dockerfile';/, 'const {$1} = dockerfile;'),
  prints: [...code.matchAll(/^\/\/ (.*)$/gm)].map(([, line = '']) => line),
}));

test('the README has examples', () => expect(examples.length).toBeGreaterThan(3));

test.each(examples)('the README is right: $prints', ({ code, prints }) => {
  const printed: string[] = [];
  const console = { log: (...values: unknown[]) => printed.push(values.join(' ')) };
  new Function('dockerfile', 'console', code)(dockerfile, console);
  expect(printed).toEqual(prints);
});
