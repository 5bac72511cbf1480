import { expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

test.each([
  { shell: 'bash', has: 'complete -F _wherry wherry' },
  { shell: 'zsh', has: '#compdef wherry' },
  { shell: 'fish', has: 'complete -c wherry' },
  { shell: 'powershell', has: 'Register-ArgumentCompleter' },
])('the script for $shell asks the program, and runs nothing of the answer', async ({ shell, has }) => {
  const { exitCode, stdout, stderr } = await runCli(['completion', shell]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain(has);
  expect(stdout).toContain('wherry __complete');
  expect(stdout).not.toMatch(/\beval\b|compgen -W/);
});

test.each(['tcsh', 'constructor', ''])('there is none for %j', async (shell) => {
  expect(await runCli(['completion', shell])).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: `unknown shell ${JSON.stringify(shell)}: want one of bash, zsh, fish, powershell\n`,
  });
});
