import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as gotemplate from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => ({
  code: code.replace(/^import \{([^}]*)\} from '@wherry\/gotemplate';/, 'const {$1} = gotemplate;'),
  prints: [...code.matchAll(/^\/\/ (.*)$/gm)].map(([, line = '']) => line),
}));

test('the README has examples', () => expect(examples.length).toBeGreaterThan(4));

test.each(examples)('the README is right: $prints', ({ code, prints }) => {
  const printed: string[] = [];
  const console = { log: (...values: unknown[]) => printed.push(values.join(' ')) };
  new Function('gotemplate', 'console', code)(gotemplate, console);
  expect(printed).toEqual(prints);
});
