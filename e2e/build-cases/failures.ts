import type { BuildCase } from './case.ts';

type Row = readonly [
  name: string,
  lines: readonly string[],
  more?: Partial<Omit<BuildCase, 'name' | 'dockerfile' | 'fails'>>,
];

const NEWER_WORDS = [{ at: 'error', reason: 'newer words' }] as const;

/** What is not built, with what is said; that is the older builder's. */
export const FAILURE_CASES: readonly BuildCase[] = (
  [
    ['an instruction that nobody knows', ['FROM base:1', 'FOO bar'], { differs: NEWER_WORDS }],
    ['a first line without a base', ['RUN true']],
    ['nothing', []],
    ['comments alone', ['# nothing']],
    ['arguments alone', ['ARG A=1'], { differs: [{ at: 'error', reason: 'no stage' }] }],
    ['FROM without a name', ['FROM']],
    ['FROM with too much', ['FROM base:1 AS a b']],
    ['a name of a base that is none', ['FROM Base:1'], { differs: NEWER_WORDS }],
    ['a base that is empty', ['ARG A', 'FROM $A']],
    ['a stage with a bad name', ['FROM base:1 AS 1x']],
    ['an ENV without a value', ['FROM base:1', 'ENV a']],
    ['an ENV that mixes forms', ['FROM base:1', 'ENV a=b c']],
    ['a LABEL without a value', ['FROM base:1', 'LABEL a']],
    ['an empty name', ['FROM base:1', 'ENV =x']],
    ['a port that is none', ['FROM base:1', 'EXPOSE eighty']],
    ['a range the wrong way', ['FROM base:1', 'EXPOSE 90-80']],
    ['a protocol that nobody knows', ['FROM base:1', 'EXPOSE 80/foo']],
    ['an empty volume', ['FROM base:1', 'VOLUME [""]']],
    ['a flag that nobody knows', ['FROM base:1', 'COPY --foo=1 a /'], { differs: NEWER_WORDS }],
    ['a flag that needs a value', ['FROM base:1', 'COPY --chown a /'], { differs: NEWER_WORDS }],
    ['a COPY without a destination', ['FROM base:1', 'COPY a']],
    ['a file that is missing', ['FROM base:1', 'COPY nothing /']],
    ['a file of a stage that is missing', ['FROM base:1 AS s', 'FROM base:1', 'COPY --from=s /nothing /']],
    ['a pattern that matches nothing', ['FROM base:1', 'COPY *.nothing /x/']],
    ['a file that is ignored', ['FROM base:1', 'COPY a /'], { files: { a: 'a' }, dockerignore: ['a'] }],
    ['a file above the context', ['FROM base:1', 'COPY ../a /']],
    ['several sources into a file', ['FROM base:1', 'COPY a b /x'], { files: { a: 'a', b: 'b' } }],
    ['wildcards into a file', ['FROM base:1', 'COPY * /x'], { files: { a: 'a', b: 'b' } }],
    [
      'a file over a directory',
      ['FROM base:1', 'COPY d /x', 'COPY e /x'],
      {
        files: { 'd/a/b': '', 'e/a': '' },
        differs: [
          { at: 'status', reason: 'file over directory' },
          { at: 'error', reason: 'file over directory' },
        ],
      },
    ],
    [
      'a directory over a file',
      ['FROM base:1', 'COPY d /file'],
      { files: { 'd/a': '' }, differs: NEWER_WORDS },
    ],
    ['a user that nobody knows', ['FROM base:1', 'COPY --chown=nobodyknows a /'], { files: { a: '' } }],
    ['a stage that comes later', ['FROM base:1', 'COPY --from=5 /file /']],
    ['a stage of itself', ['FROM base:1 AS me', 'COPY --from=0 /file /x']],
    ['a target that is not there', ['FROM base:1'], { target: 'nothing' }],
    ['a command that fails', ['FROM base:1', 'RUN echo said; exit 3']],
    ['a command in an array that fails', ['FROM base:1', 'RUN ["sh", "-c", "exit 4"]']],
    ['a command that is not there', ['FROM base:1', 'RUN nothing-there']],
    ['a program that is not there', ['FROM base:1', 'RUN ["/nothing/there"]']],
    ['a command that is killed', ['FROM base:1', "RUN sh -c 'kill -9 $$'; exit $?"]],
    ['a user who is not there runs', ['FROM base:1', 'USER nobodyknows', 'RUN true']],
    ['no shell', ['FROM scratch', 'RUN true']],
    ['an empty working directory', ['FROM base:1', 'WORKDIR $NOTHING']],
    ['a shell that is no array', ['FROM base:1', 'SHELL /bin/sh -c']],
    ['an array of more than texts', ['FROM base:1', 'CMD ["x", 1]']],
    ['a signal that is none', ['FROM base:1', 'STOPSIGNAL SIGFOO']],
    ['a health check that is none', ['FROM base:1', 'HEALTHCHECK FOO']],
    ['a health check without a command', ['FROM base:1', 'HEALTHCHECK CMD']],
    ['a time that is none', ['FROM base:1', 'HEALTHCHECK --interval=soon CMD true']],
    ['a health check that is too fast', ['FROM base:1', 'HEALTHCHECK --interval=1us CMD true']],
    ['a trigger of a trigger', ['FROM base:1', 'ONBUILD ONBUILD RUN true']],
    ['a trigger that is none', ['FROM base:1', 'ONBUILD FROM base:1']],
    ['a variable that is not closed', ['FROM base:1', 'ENV A=${B'], { differs: NEWER_WORDS }],
    ['a modifier that nobody knows', ['FROM base:1', 'ENV A=${B:!x}'], { differs: NEWER_WORDS }],
    ['a quote that is not closed', ['FROM base:1', 'ENV A="b']],
    ['a mount that is none', ['FROM base:1', 'RUN --mount=type=foo true'], { builder: 'buildkit' }],
    [
      'a secret that must be there',
      ['FROM base:1', 'RUN --mount=type=secret,id=x,required true'],
      { builder: 'buildkit' },
    ],
  ] as readonly Row[]
).map(
  ([name, dockerfile, more = {}]): BuildCase => ({
    name: `fails: ${name}`,
    dockerfile,
    builder: 'classic',
    ...more,
    fails: true,
  }),
);
