// Writes the pages of the manual into the package, from the tables that the help texts are made of: `npm run man`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '@wherry/core';
import { manualPages } from './pages.ts';

const directory = fileURLToPath(new URL('../../dist/man/man1', import.meta.url));
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
for (const { file, text } of manualPages(VERSION)) writeFileSync(join(directory, file), text);
