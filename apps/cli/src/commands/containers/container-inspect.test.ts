import { type Engine, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { ID, IMAGE, unknown, withContainers } from '../../testing/container-engine.ts';
import { runCli } from '../../testing/run-cli.ts';

describe('wherry inspect', () => {
  const box = {
    ...{ Id: ID, Created: 'C', Path: 'sh', Args: ['-c'], State: { Status: 'exited', ExitCode: 3 } },
    ...{
      Image: IMAGE,
      Name: '/web',
      HostConfig: { CpuShares: 5, Dns: ['1.1.1.1'] },
      Mounts: [],
      Config: null,
    },
    NetworkSettings: { IPAddress: '', Networks: { host: {} } },
  };
  const describe: Engine['containers']['describe'] = async ({ container: name, sizes }) => {
    if (name === 'web') return sizes ? { ...box, SizeRw: 0, SizeRootFs: 7 } : box;
    throw name === 'c' ? new WherryError('AMBIGUOUS_ID', 'multiple IDs found: c') : unknown(name);
  };
  const inspect = async (name: string) => {
    if (name === 'app') return { Id: IMAGE } as never;
    throw new WherryError('IMAGE_UNKNOWN', `No such image: ${name}`);
  };
  const engine = { ...withContainers({ describe }).engine, inspect };

  test.each([
    { argv: ['inspect', '-f', '{{.Id}}'], stdout: `${ID}\n` },
    {
      argv: ['container', 'inspect', '-f', '{{.State.ExitCode}} {{.Path}} {{.Args}}'],
      stdout: '3 sh [-c]\n',
    },
    { argv: ['inspect', '-f', '{{.HostConfig.CPUShares}} {{.HostConfig.DNS}}'], stdout: '5 [1.1.1.1]\n' },
    { argv: ['inspect', '-f', '{{.HostConfig.CpuShares}}'], stdout: '5\n' },
    { argv: ['inspect', '-f', '{{.SizeRootFs}}'], stdout: '<nil>\n' },
    { argv: ['inspect', '-sf', '{{.SizeRootFs}} {{.SizeRw}}'], stdout: '7 0\n' },
    { argv: ['inspect', '--type=container', '-f', '{{json .Name}}'], stdout: '"/web"\n' },
    {
      argv: ['inspect', '-f', '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}}{{end}}'],
      stdout: 'host\n',
    },
  ])('shows a container to the template of $argv', async ({ argv, stdout }) => {
    expect(await runCli([...argv, 'web'], { engine })).toMatchObject({ stdout, stderr: '', exitCode: 0 });
  });

  test('prints containers and images as they are', async () => {
    const outcome = await runCli(['inspect', '-f', 'json', 'web', 'none', 'app', 'c'], { engine });
    expect(outcome.exitCode).toBe(1);
    expect(JSON.parse(outcome.stdout)).toEqual([box, { Id: IMAGE }]);
    const told = (await runCli(['inspect', 'web', 'none', 'app', 'c'], { engine })).stderr;
    expect(told).toBe('Error: No such object: none\nError: multiple IDs found: c\n');
    const missing = await runCli(['container', 'inspect', 'none'], { engine });
    expect(missing).toMatchObject({
      stdout: '[]\n',
      stderr: 'Error: No such container: none\n',
      exitCode: 1,
    });
    const typed = await runCli(['inspect', '--type', 'container', 'app'], { engine });
    expect(typed.stderr).toBe('Error: No such container: app\n');
  });

  test('finds images where there are no containers', async () => {
    const nowhere = async () => {
      throw new WherryError('UNSUPPORTED', 'containers need Linux');
    };
    const outcome = await runCli(['inspect', '-f', '{{.Id}}', 'app'], {
      engine: { ...withContainers({ describe: nowhere }).engine, inspect },
    });
    expect(outcome).toMatchObject({ stdout: `${IMAGE}\n`, exitCode: 0 });
  });
});
