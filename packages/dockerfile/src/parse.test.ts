import { describe, expect, test } from 'vitest';
import { DockerfileError, excerpt } from './errors.ts';
import { parseDockerfile } from './parse.ts';

/** The instructions of a stage with these lines. */
function stage(...lines: string[]) {
  return parseDockerfile(`FROM a\n${lines.join('\n')}\n`).stages[0]?.instructions ?? [];
}

function failure(text: string, name?: string): DockerfileError {
  try {
    parseDockerfile(text, name === undefined ? {} : { name });
  } catch (error) {
    if (error instanceof DockerfileError) return error;
  }
  throw new Error('no DockerfileError');
}

describe('what Docker prints of mistakes', () => {
  test.each([
    ['', 'the Dockerfile (Dockerfile) cannot be empty'],
    ['# nothing\n\n', 'failed to parse Dockerfile: file with no instructions'],
    ['RUN echo x\n', 'no build stage in current context'],
    ['FROM a\nNOSUCH x\n', 'dockerfile parse error line 2: unknown instruction: NOSUCH'],
    ['FROM a\necho x\n', 'dockerfile parse error line 2: unknown instruction: ECHO'],
    [
      'FROM a\nCOPY a\n',
      'dockerfile parse error line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
    ],
    ['FROM a b c\n', 'dockerfile parse error line 1: FROM requires either one or three arguments'],
    ['FROM a\nENV\n', 'dockerfile parse error line 2: ENV requires at least one argument'],
    ['FROM a\nENV A\n', 'failed to parse Dockerfile: ENV must have two arguments'],
    ['FROM a\nLABEL a\n', 'failed to parse Dockerfile: LABEL must have two arguments'],
    [
      'FROM a\nHEALTHCHECK foo\n',
      'dockerfile parse error line 2: Unknown type "FOO" in HEALTHCHECK (try CMD)',
    ],
    ['FROM a\nONBUILD FROM x\n', "dockerfile parse error line 2: FROM isn't allowed as an ONBUILD trigger"],
    [
      'FROM a\nONBUILD ONBUILD RUN x\n',
      "dockerfile parse error line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    ],
    [
      'FROM a\nSHELL /bin/sh -c\n',
      'dockerfile parse error line 2: SHELL requires the arguments to be in JSON form',
    ],
  ])('%j', (text, message) => {
    expect(failure(text).dockerMessage).toBe(message);
  });

  test('the file has the name that the user gave it', () => {
    expect(failure('', 'x/y').dockerMessage).toBe('the Dockerfile (x/y) cannot be empty');
    expect(failure('#', 'y').dockerMessage).toBe('failed to parse y: file with no instructions');
  });

  test('the offending lines are shown as BuildKit does', () => {
    const text = 'FROM a\n\nCOPY \\\n  a\nRUN b\n';
    expect(failure(text).excerpt(text)).toBe(
      [
        'Dockerfile:3',
        '--------------------',
        '   2 |     ',
        '   3 | >>> COPY \\',
        '   4 | >>>   a',
        '   5 |     RUN b',
        '--------------------',
        '',
      ].join('\n'),
    );
  });
});

test('an excerpt has more context at one end where the other has none', () => {
  const text = '\nFROM a\nWORKDIR /b\nCOPY --x c\n';
  const numbers = (start: number, end = start) =>
    [...excerpt(text, { startLine: start, endLine: end }).matchAll(/^ +(\d+) /gm)].map(([, number]) =>
      Number(number),
    );
  expect(numbers(1)).toEqual([1, 2, 3]);
  expect(numbers(3)).toEqual([1, 2, 3, 4, 5]);
  expect(numbers(4)).toEqual([2, 3, 4, 5]);
  expect(numbers(2, 3)).toEqual([1, 2, 3, 4]);
  expect(numbers(9)).toEqual([]);
  expect(excerpt(`FROM ${'a'.repeat(5000)}`, { startLine: 1, endLine: 1 })).toContain(
    `${'a'.repeat(995)}…\n`,
  );
});

test('stages, their names and global arguments are found', () => {
  const dockerfile = parseDockerfile('ARG V=1\nfrom --platform=$P img:$V as Build\nRUN x\nFROM build\n');
  const { stages, globalArgs } = dockerfile;
  expect(dockerfile.escape).toBe('\\');
  expect(globalArgs.map(({ args }) => args)).toEqual([[{ key: 'V', value: '1' }]]);
  expect(stages.map(({ from }) => from)).toMatchObject([
    {
      kind: 'from',
      image: 'img:$V',
      platform: '$P',
      stageName: 'build',
      text: 'from --platform=$P img:$V as Build',
    },
    { kind: 'from', image: 'build', location: { startLine: 4, endLine: 4 } },
  ]);
  expect(stages[0]?.instructions).toHaveLength(1);
});

test('bytes are read as UTF-8, with a byte order mark or without', () => {
  const bytes = new TextEncoder().encode('\ufeff# escape=`\nFROM ä\n');
  expect(parseDockerfile(bytes)).toMatchObject({ escape: '`', stages: [{ from: { image: 'ä' } }] });
  expect(parseDockerfile('\ufeffFROM a').stages).toHaveLength(1);
  expect(parseDockerfile(new Uint8Array([0x46, 0x52, 0x4f, 0x4d, 0x20, 0xff])).stages[0]?.from.image).toBe(
    '\ufffd',
  );
});

test('plain instructions keep their arguments as written', () => {
  expect(
    stage(
      'ENV A="x y" B=\\$c',
      'ENV C d  e',
      'LABEL "k"=v',
      'ARG X Y=1',
      'EXPOSE 80 $P/udp',
      'VOLUME /a ["b"]',
      'VOLUME ["/a b"]',
      'USER u:g',
      'WORKDIR /a b',
      'STOPSIGNAL 9',
      'MAINTAINER a b <c>',
      'SHELL ["sh", "-c"]',
      'CMD a  b',
      'ENTRYPOINT ["a"]',
      'ONBUILD RUN a',
    ),
  ).toMatchObject([
    {
      kind: 'env',
      variables: [
        { key: 'A', value: '"x y"' },
        { key: 'B', value: '\\$c' },
      ],
    },
    { kind: 'env', variables: [{ key: 'C', value: 'd  e' }] },
    { kind: 'label', labels: [{ key: '"k"', value: 'v' }] },
    { kind: 'arg', args: [{ key: 'X' }, { key: 'Y', value: '1' }] },
    { kind: 'expose', ports: ['80', '$P/udp'] },
    { kind: 'volume', volumes: ['/a', '["b"]'] },
    { kind: 'volume', volumes: ['/a b'] },
    { kind: 'user', user: 'u:g' },
    { kind: 'workdir', path: '/a b' },
    { kind: 'stopsignal', signal: '9' },
    { kind: 'maintainer', name: 'a b <c>' },
    { kind: 'shell', words: ['sh', '-c'] },
    { kind: 'cmd', command: { form: 'shell', words: ['a  b'] } },
    { kind: 'entrypoint', command: { form: 'exec', words: ['a'] } },
    { kind: 'onbuild', trigger: 'RUN a' },
  ]);
});
