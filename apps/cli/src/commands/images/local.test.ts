import {
  type Digest,
  type HistoryEntry,
  type ImageInspection,
  type Reference,
  type RemoveRequest,
  WherryError,
} from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const ID = `sha256:68564a3a51fc${'0'.repeat(52)}` as Digest;

function absent(name: string): Promise<never> {
  return Promise.reject(new WherryError('IMAGE_UNKNOWN', `No such image: ${name}:latest`));
}

describe('wherry tag', () => {
  test('gives the source a name', async () => {
    const asked: unknown[] = [];
    const tag = async (request: { source: string; target: Reference }) => {
      asked.push(request);
    };
    expect(await runCli(['tag', ID.slice(7), 'a/b:1'], { engine: { tag } })).toMatchObject({
      exitCode: 0,
      both: '',
    });
    expect(asked).toEqual([{ source: ID.slice(7), target: { domain: 'docker.io', path: 'a/b', tag: '1' } }]);
  });

  test.each([
    {
      argv: ['centos', 'BAD'],
      stderr:
        'Error parsing reference: "BAD" is not a valid repository/tag: ' +
        'invalid reference format: repository name (library/BAD) must be lowercase\n',
    },
    { argv: ['BAD', 'x'], stderr: 'Error parsing reference: "BAD" is not a valid repository/tag: ' },
    { argv: ['a', `x@${ID}`], stderr: 'refusing to create a tag with a digest reference\n' },
  ])('refuses $argv', async ({ argv, stderr }) => {
    const outcome = await runCli(['tag', ...argv]);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr.startsWith(stderr)).toBe(true);
  });
});

describe('wherry inspect', () => {
  const document = {
    Id: ID,
    RepoTags: ['a:1'],
    Config: { Labels: { by: '<me> & you\u2028' }, Cmd: null, Volumes: {} },
  };
  const engine = {
    inspect: (name: string) =>
      name === 'a' ? Promise.resolve(document as unknown as ImageInspection) : absent(name),
  };
  const shown = [
    '[',
    '    {',
    `        "Id": "${ID}",`,
    '        "RepoTags": [',
    '            "a:1"',
    '        ],',
    '        "Config": {',
    '            "Labels": {',
    '                "by": "<me> & you\\u2028"',
    '            },',
    '            "Cmd": null,',
    '            "Volumes": {}',
    '        }',
    '    }',
    ']',
    '',
  ].join('\n');

  const onOneLine = `{"Id":"${ID}","RepoTags":["a:1"],"Config":{"Labels":{"by":"<me> & you\\u2028"},"Cmd":null,"Volumes":{}}}`;

  test.each([
    { argv: ['inspect', 'a'], exitCode: 0, stdout: shown, stderr: '' },
    {
      argv: ['inspect', '-s', '--type', 'image', 'a'],
      exitCode: 0,
      stdout: shown,
      stderr: 'WARNING: --size ignored for image\n',
    },
    {
      argv: ['inspect', 'x', 'a', 'y'],
      exitCode: 1,
      stdout: shown,
      stderr: 'Error: No such object: x\nError: No such object: y\n',
    },
    {
      argv: ['image', 'inspect', 'x'],
      exitCode: 1,
      stdout: '[]\n',
      stderr: 'Error: no such image: x: No such image: x:latest\n',
    },
    {
      argv: ['inspect', '--type', 'image', 'x'],
      exitCode: 1,
      stdout: '[]\n',
      stderr: 'Error: no such image: x: No such image: x:latest\n',
    },
    {
      argv: ['inspect', '--type', 'container', 'a'],
      exitCode: 1,
      stdout: '[]\n',
      stderr: 'Error: No such container: a\n',
    },
    {
      argv: ['inspect', '--type', 'planet', 'a'],
      exitCode: 1,
      stdout: '',
      stderr:
        'unknown type: "planet": must be one of "config", "container", "image", "network", "node", "plugin", ' +
        '"secret", "service", "task", "volume"\n',
    },
  ])('answers $argv', async ({ argv, exitCode, stdout, stderr }) => {
    expect(await runCli(argv, { engine })).toMatchObject({ exitCode, stdout, stderr });
  });

  test.each([
    { argv: ['-f', '{{.ID}} {{.Config.Labels.by}}', 'a'], stdout: `${ID} <me> & you\u2028\n` },
    // Docker's type has no such field, its JSON has.
    { argv: ['-f', '{{.Id}} {{json .Config.Labels}}', 'a'], stdout: `${ID} {"by":"<me> & you\\u2028"}\n` },
    { argv: ['-f', '{{.Config.Labels.no}}|{{.Size}}|{{.Os}}', 'a'], stdout: '<no value>|0|\n' },
    {
      argv: ['-f', '{{range $i, $tag := .RepoTags}}{{$i}}{{$tag}}{{end}}', 'a', 'a'],
      stdout: '0a:1\n0a:1\n',
    },
    { argv: ['-f', 'table {{.RepoTags}}', 'a'], stdout: 'table [a:1]\n' },
    { argv: ['-f', '', 'a'], stdout: shown },
    { argv: ['-f', 'json', 'a', 'a'], stdout: `[${onOneLine},${onOneLine}]\n` },
    { argv: ['-f', '{{.Id}}', 'x'], exitCode: 1, stdout: '\n', stderr: 'Error: No such object: x\n' },
    {
      argv: ['-f', 'json', 'x'],
      exitCode: 1,
      stdout: '[]\n',
      stderr: '{"error":{"code":"IMAGE_UNKNOWN","message":"No such image: x:latest"}}\n',
    },
    {
      argv: ['-f', '{{.ID}} {{.Nope}}', 'x', 'a', 'y'],
      exitCode: 1,
      stdout: '\n',
      stderr:
        'Error: No such object: x\n' +
        'template parsing error: template: :1:2: executing "" at <.ID>: map has no entry for key "ID"\n' +
        'Error: No such object: y\n',
    },
    {
      argv: ['-f', '{{.Id}}', 'x', 'a', '--type', 'image'],
      exitCode: 1,
      stdout: `${ID}\n`,
      stderr: 'Error: no such image: x: No such image: x:latest\n',
    },
    {
      argv: ['-f', '{{.Name}}', '--type', 'container', 'a'],
      exitCode: 1,
      stdout: '\n',
      stderr: 'Error: No such container: a\n',
    },
    {
      argv: ['-f', '{{.Id', 'x'],
      exitCode: 64,
      stdout: '',
      stderr: 'template parsing error: template: :1: unclosed action\n',
    },
  ])('answers $argv', async ({ argv, exitCode = 0, stdout, stderr = '' }) => {
    expect(await runCli(['inspect', ...argv], { engine })).toMatchObject({ exitCode, stdout, stderr });
  });

  test('takes a missing key for an error once it has looked at JSON, as Docker does', async () => {
    const argv = (...names: string[]) => [
      'inspect',
      '-f',
      '{{.Config.Labels.no}}{{with .Parent}}{{.Id}}{{end}}',
      ...names,
    ];
    const documents: Record<string, object> = {
      base: { Id: ID, Config: { Labels: {} } },
      child: { Id: ID, Config: { Labels: { no: 'yes' } }, Parent: 'p' },
    };
    const inspect = async (name: string) => documents[name] as ImageInspection;
    expect(await runCli(argv('base'), { engine: { inspect } })).toMatchObject({ stdout: '<no value>\n' });
    const { exitCode, stdout, stderr } = await runCli(argv('child', 'base'), { engine: { inspect } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '\n' });
    expect(stderr).toMatch(/can't evaluate field Id in type .*\n.*map has no entry for key "no"\n$/);
  });

  test('fails on what is no absence', async () => {
    const inspect = () => Promise.reject(new WherryError('CORRUPT', 'config is broken'));
    expect(await runCli(['inspect', 'a'], { engine: { inspect } })).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: 'Error: config is broken\n',
    });
  });
});

describe('wherry history', () => {
  const entries: HistoryEntry[] = [
    {
      id: ID,
      created: new Date('2021-08-31T01:20:48Z'),
      createdBy: 'CMD\t["bash"]',
      comment: '',
      size: 0,
      tags: [],
    },
    {
      created: new Date(0),
      createdBy: `/bin/sh -c #(nop) ADD file:${'4'.repeat(64)} in /`,
      comment: 'base',
      size: 1_983_097,
      tags: [],
    },
  ];
  const engine = { history: async () => entries };

  test('is a table', async () => {
    expect((await runCli(['history', 'a'], { engine })).stdout.split('\n')).toEqual([
      'IMAGE          CREATED       CREATED BY                                      SIZE      COMMENT',
      '68564a3a51fc   5 years ago   CMD ["bash"]                                    0B        ',
      '<missing>      N/A           /bin/sh -c #(nop) ADD file:44444444444444444…   1.98MB    base',
      '',
    ]);
  });

  test('shows bytes and times as they are', async () => {
    const { stdout } = await runCli(['history', '--human=false', '--no-trunc', 'a'], { engine });
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows[0]).toEqual(['IMAGE', 'CREATED AT', 'CREATED BY', 'SIZE', 'COMMENT']);
    expect(rows[1]?.[0]).toBe(ID);
    expect(rows[2]?.slice(2)).toEqual([entries[1]?.createdBy, '1983097', 'base']);
  });

  test.each([
    {
      argv: ['--format', '{{.ID}} {{.Size}} {{.CreatedAt}}'],
      stdout: '68564a3a51fc 0B 2021-08-31T01:20:48Z\n<missing> 1.98MB 1970-01-01T00:00:00Z\n',
    },
    {
      argv: ['--human=false', '--format', 'table {{.Size}}\t{{.CreatedSince}}'],
      stdout: 'SIZE      CREATED\n0         2021-08-31T01:20:48Z\n1983097   1970-01-01T00:00:00Z\n',
    },
    { argv: ['-q', '--format', '{{.Comment}}'], stdout: '\nbase\n' },
    { argv: ['-q', '--format', 'table'], stdout: '68564a3a51fc\n<missing>\n' },
    {
      argv: ['--format', '{{json .}}'],
      stdout:
        '{"Comment":"","CreatedAt":"2021-08-31T01:20:48Z","CreatedBy":"CMD [\\"bash\\"]",' +
        '"CreatedSince":"5 years ago","ID":"68564a3a51fc","Size":"0B"}\n' +
        '{"Comment":"base","CreatedAt":"1970-01-01T00:00:00Z",' +
        '"CreatedBy":"/bin/sh -c #(nop) ADD file:44444444444444444…",' +
        '"CreatedSince":"N/A","ID":"\\u003cmissing\\u003e","Size":"1.98MB"}\n',
    },
  ])('prints $argv', async ({ argv, stdout }) => {
    expect(await runCli(['history', ...argv, 'a'], { engine })).toMatchObject({ exitCode: 0, stdout });
  });

  test('prints IDs alone', async () => {
    expect((await runCli(['history', '-q', 'a'], { engine })).stdout).toBe('68564a3a51fc\n<missing>\n');
    expect((await runCli(['history', '-q', '--no-trunc', 'a'], { engine })).stdout).toBe(
      `${ID}\n<missing>\n`,
    );
  });
});

describe('wherry rmi', () => {
  const asked: RemoveRequest[] = [];
  const engine = {
    remove: async (request: RemoveRequest) => {
      asked.push(request);
      if (request.image === 'no') return await absent('no');
      if (request.image === 'held') throw new WherryError('CONFLICT', 'conflict: unable to delete held');
      return [{ untagged: `${request.image}:latest` }, { deleted: ID }];
    },
  };

  test.each([
    { argv: ['rmi', 'a'], exitCode: 0, stdout: `Untagged: a:latest\nDeleted: ${ID}\n`, stderr: '' },
    {
      argv: ['image', 'rm', 'no', 'a', 'held'],
      exitCode: 1,
      stdout: `Untagged: a:latest\nDeleted: ${ID}\n`,
      stderr: 'Error: No such image: no:latest\nError: conflict: unable to delete held\n',
    },
    { argv: ['rmi', '-f', 'no'], exitCode: 0, stdout: '', stderr: 'Error: No such image: no:latest\n' },
    {
      argv: ['rmi', '-f', 'held'],
      exitCode: 1,
      stdout: '',
      stderr: 'Error: conflict: unable to delete held\n',
    },
  ])('answers $argv', async ({ argv, exitCode, stdout, stderr }) => {
    expect(await runCli(argv, { engine })).toMatchObject({ exitCode, stdout, stderr });
  });

  test('passes its flags on', async () => {
    asked.length = 0;
    await runCli(['image', 'remove', '--no-prune', '-f', 'a'], { engine });
    expect(asked).toEqual([{ image: 'a', force: true, noPrune: true }]);
  });
});
