import { expect, test } from 'vitest';
import type { GoldenCase } from './cases.ts';
import { isOfContainers, runsProgram } from './container-needs.ts';

const LIVE = 'aaaaaaaaaaaa /live image=ubuntu:18.04 state=running';
const DONE = 'bbbbbbbbbbbb /done image=ubuntu:18.04 state=exited';

interface Row {
  readonly argv: readonly string[];
  readonly exit?: number;
  readonly stderr?: readonly string[];
}

function caseOf({ argv, exit = 0, stderr = [] }: Row): GoldenCase {
  const named = { id: 'run/x', file: 'run', name: 'x', client: '28.2.2' };
  return { ...named, argv, exit, stderr, state_before: { images: [], containers: [LIVE, DONE] } };
}

test.each<Row>([
  { argv: ['run', 'ubuntu:18.04', 'true'] },
  { argv: ['run', 'ubuntu:18.04', 'app', '--help'] },
  { argv: ['run', 'ubuntu:18.04', 'false'], exit: 1 },
  { argv: ['run', 'ubuntu:18.04', '/none'], exit: 127, stderr: ['docker: … OCI runtime create failed: …'] },
  { argv: ['run', '-u', 'ghost', 'ubuntu:18.04'], exit: 125, stderr: ['docker: unable to find user ghost'] },
  { argv: ['stop', 'live'] },
  { argv: ['container', 'rm', '-f', 'aaaaaaaaaaaa'] },
  { argv: ['commit', 'live', 'x:1'] },
])('$argv runs a program', (row) => {
  expect(runsProgram(caseOf(row))).toBe(true);
});

test.each<Row>([
  { argv: ['run', '--help'] },
  { argv: ['run'], exit: 1, stderr: ['docker: …', '', 'Usage:  docker run'] },
  { argv: ['run', '--name', 'live', 'ubuntu:18.04'], exit: 125, stderr: ['docker: Conflict. …'] },
  { argv: ['start', 'nosuch'], exit: 1, stderr: ['No such container: nosuch'] },
  { argv: ['rm', 'live'], exit: 1, stderr: ['You cannot remove a running container'] },
  { argv: ['rm', 'done'] },
  { argv: ['ps', '-f', 'before=live'] },
  { argv: ['images'] },
])('$argv runs none', (row) => {
  expect(runsProgram(caseOf(row))).toBe(false);
});

test.each([
  { argv: ['ps'], is: true },
  { argv: ['container', 'prune', '-f'], is: true },
  { argv: ['rmi', 'ubuntu:18.04'], is: true },
  { argv: ['inspect', 'done'], is: true },
  { argv: ['inspect', 'ubuntu:18.04'], is: false },
  { argv: ['image', 'inspect', 'done'], is: false },
  { argv: ['history', 'ubuntu:18.04'], is: false },
  { argv: ['ps', '--help'], is: false },
])('$argv needs the containers that there were: $is', ({ argv, is }) => {
  expect(isOfContainers(caseOf({ argv }))).toBe(is);
});
