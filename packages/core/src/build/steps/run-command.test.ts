import { parseDockerfile } from '@wherry/dockerfile';
import { expect, test } from 'vitest';
import type { ContainerConfig } from '../../oci/image-config.ts';
import { type RunCommand, runCommand } from './run-command.ts';

function commandOf(text: string, config: ContainerConfig = {}): RunCommand {
  const [run] = parseDockerfile(`FROM scratch\n${text}\n`).stages[0]!.instructions;
  if (run?.kind !== 'run') throw new Error(`${text} is no RUN`);
  return runCommand(config, run);
}

const SHELL = ['/bin/sh', '-c'];

test.each<{ name: string; text: string; config?: ContainerConfig; expected: RunCommand }>([
  { name: 'a text, to the shell', text: 'RUN a "b" $C', expected: { args: [...SHELL, 'a "b" $C'] } },
  {
    name: 'a text, to the shell that is set',
    text: 'RUN a',
    config: { Shell: ['/bin/bash', '-ec'] },
    expected: { args: ['/bin/bash', '-ec', 'a'] },
  },
  { name: 'words, to no shell', text: 'RUN ["a", "$B"]', expected: { args: ['a', '$B'] } },
  {
    name: 'a lone here-document, as a text',
    text: 'RUN <<EOF\na\nb\nEOF',
    expected: { args: [...SHELL, 'a\nb\n'] },
  },
  {
    name: 'a lone here-document that says by what, as a program',
    text: 'RUN <<"EOF"\n#!/bin/x\na\nEOF',
    expected: { args: ['/dev/pipes/EOF'], script: { path: '/dev/pipes/EOF', content: '#!/bin/x\na\n' } },
  },
  {
    name: 'here-documents of a command, to the shell as they stand',
    text: 'RUN cat <<A - <<B\na\nA\nb\nB',
    expected: { args: [...SHELL, 'cat <<A - <<B\na\nA\nb\nB\n'] },
  },
])('a RUN starts $name', ({ text, config, expected }) => {
  expect(commandOf(text, config)).toEqual(expected);
});
