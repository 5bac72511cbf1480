import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DockerfileError } from '../src/errors.ts';
import { expandWord, expandWords } from '../src/expand/expand.ts';
import { formatCheck } from '../src/lint/format.ts';
import { lintDockerfile } from '../src/lint/lint.ts';
import { parseDockerfile, parseTrigger } from '../src/parse.ts';

/** Runs it; only an error of our own may come out. */
function attempt(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    expect(error.dockerMessage).not.toBe('');
  }
}

function readAll(text: string): void {
  attempt(() => formatCheck(lintDockerfile(parseDockerfile(text), { baseEnv: () => new Map() }), text));
  attempt(() => parseTrigger(text));
}

const KEYWORDS = [
  ...['FROM', 'RUN', 'COPY', 'ADD', 'ENV', 'ARG', 'LABEL', 'CMD', 'ENTRYPOINT', 'SHELL', 'EXPOSE', 'VOLUME'],
  ...[
    'USER',
    'WORKDIR',
    'STOPSIGNAL',
    'HEALTHCHECK',
    'ONBUILD',
    'MAINTAINER',
    '# escape=`',
    '# check=skip=all',
    '#',
  ],
];
const PIECES = [
  ...[
    '\\',
    '`',
    '"',
    "'",
    '$',
    '${',
    '}',
    ':-',
    '//',
    '%',
    '#',
    '<<',
    '<<-',
    'E',
    '\n',
    '\nE\n',
    '\t',
    ' ',
    '=',
    ',',
  ],
  ...[
    '--',
    '--from=',
    '--mount=',
    'type=',
    '[',
    ']',
    '["a"]',
    'a',
    'as',
    '5s',
    'NONE',
    'é',
    '\u0000',
    '\ud800',
    '\r\n',
  ],
];

const word = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(''));
const line = fc.tuple(fc.constantFrom(...KEYWORDS), word).map(([keyword, rest]) => `${keyword} ${rest}`);
const dockerfile = fc.array(line, { maxLength: 8 }).map((lines) => `${lines.join('\n')}\n`);

describe('any text is read or refused', () => {
  const options = { seed: 7, numRuns: 1000 };

  test('as a Dockerfile', () => {
    fc.assert(fc.property(fc.oneof(dockerfile, fc.string()), readAll), options);
    fc.assert(
      fc.property(dockerfile, (text) => readAll(`FROM a\n${text}`)),
      options,
    );
  });

  test('as bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => attempt(() => parseDockerfile(bytes))),
      options,
    );
  });

  test('as a word', () => {
    fc.assert(
      fc.property(word, fc.constantFrom('\\', '`'), (text, character) => {
        attempt(() => expandWords(text, new Map([['a', 'b c']]), { escape: character }));
      }),
      options,
    );
  });
});

test('a word without special characters is itself', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[^\\"'$]*$/), (text) => {
      expect(expandWord(text, new Map())).toBe(text);
    }),
    { seed: 7 },
  );
});

/** So many characters of a piece. */
const LENGTH = 100_000;
const much = (piece: string) => piece.repeat(Math.ceil(LENGTH / piece.length));

describe('a large text takes no more than a moment', () => {
  // Anything that grows with the square of the length would take much longer.
  const timeoutMs = 10_000;
  const pieces = [
    '"',
    "'",
    '\\',
    '\\ ',
    '$',
    '${',
    '${a:-',
    '<<',
    '<<a ',
    '<<- ',
    '"<<a" ',
    ' ',
    '\t',
    '[',
    ',',
    '=',
    'a=',
  ];

  test.each(pieces)('of %j', { timeout: timeoutMs }, (piece) => {
    for (const start of [
      '',
      'FROM a\nRUN ',
      'FROM a\nCOPY ',
      'FROM a\nENV a=',
      'FROM a\nRUN --mount=',
      '# escape=',
    ])
      readAll(start + much(piece));
  });

  test.each([
    'RUN a\\\n',
    '\\\n',
    '\n',
    '# a\n',
    'ENV a=$b\n',
    'FROM a AS b\n',
    'RUN <<E\n\t\nE\n',
    'CMD a\n',
    'LABEL a b\n',
  ])('of the line %j', { timeout: timeoutMs }, (piece) => readAll(`FROM a\n${much(piece)}`));

  test.each(['--exclude=a ', '--link ', '--mount=a=b '])(
    'of the flag %j',
    { timeout: timeoutMs },
    (piece) => {
      readAll(`FROM a\nCOPY ${much(piece)} a b`);
      readAll(`FROM a\nRUN ${much(piece)} a b`);
    },
  );

  test('of findings in one instruction', { timeout: timeoutMs }, () => {
    readAll(`FROM scratch\nEXPOSE ${much('80:80 ')}`);
    readAll(`FROM scratch\nENV ${much('key=$key ')}`);
  });

  test('of a heredoc without an end', { timeout: timeoutMs }, () => {
    readAll(`FROM a\nRUN <<-E\n${much('\t\t\t\t\n')}`);
    readAll(`FROM a\nRUN ${'<<E '.repeat(1000)}\n${much('E\n')}`);
  });

  test.each(['#$p', '##$p', '%$p', '%%$p', '/$p/x', '//$p/x'])(
    'of a value with %s',
    { timeout: timeoutMs },
    (modifier) => {
      const variables = new Map([
        ['v', much('a')],
        ['p', '*a*a?a*b'],
      ]);
      expect(expandWord(`\${v${modifier}}`, variables)).toBe(variables.get('v'));
    },
  );
});
