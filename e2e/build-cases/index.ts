import { ADD_CASES } from './add.ts';
import type { BuildCase } from './case.ts';
import { CONFIG_CASES } from './config.ts';
import { COPY_CASES } from './copy.ts';
import { NEWER_COPY_CASES } from './copy-newer.ts';
import { FAILURE_CASES } from './failures.ts';
import { IGNORE_CASES } from './ignore.ts';
import { RUN_CASES } from './run.ts';
import { STAGE_CASES } from './stages.ts';
import { VARIABLE_CASES } from './variables.ts';

export const BUILD_CASES: readonly BuildCase[] = [
  ...STAGE_CASES,
  ...VARIABLE_CASES,
  ...CONFIG_CASES,
  ...RUN_CASES,
  ...COPY_CASES,
  ...NEWER_COPY_CASES,
  ...ADD_CASES,
  ...IGNORE_CASES,
  ...FAILURE_CASES,
];
