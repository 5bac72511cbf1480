import { describe, expect, test } from 'vitest';
import type { DockerfileError } from '../errors.ts';
import type { StageInstruction } from '../instruction.ts';
import { parseDockerfile, parseTrigger } from '../parse.ts';
import { parseMount } from './mount.ts';

function instruction(text: string): StageInstruction | undefined {
  return parseDockerfile(`FROM a\n${text}\n`).stages[0]?.instructions[0];
}

describe('flags', () => {
  test('of COPY', () => {
    expect(
      instruction(
        'COPY --from=b --chown=1:2 --chmod=u+x --link --parents=true --exclude=a --exclude=b x y z/',
      ),
    ).toMatchObject({
      kind: 'copy',
      from: 'b',
      chown: '1:2',
      chmod: 'u+x',
      isLinked: true,
      keepsParents: true,
      exclude: ['a', 'b'],
      sources: ['x', 'y'],
      destination: 'z/',
    });
  });

  test('of ADD', () => {
    expect(instruction('ADD --checksum=sha256:a --keep-git-dir --unpack=false x y')).toMatchObject({
      kind: 'add',
      checksum: 'sha256:a',
      keepsGitDirectory: true,
      unpack: false,
      isLinked: false,
      exclude: [],
    });
    expect(instruction('ADD x y')).not.toHaveProperty('unpack');
  });

  test('of RUN', () => {
    expect(
      instruction('RUN --network=none --security=insecure --device=a --mount=type=tmpfs,target=/t,size=1m x'),
    ).toMatchObject({
      kind: 'run',
      network: 'none',
      security: 'insecure',
      devices: ['a'],
      mounts: [{ type: 'tmpfs', target: '/t', size: 1024 * 1024 }],
      command: { form: 'shell', words: ['x'] },
    });
  });

  test.each([
    ['COPY --nosuch a b', 'unknown flag: --nosuch'],
    ['COPY --form=x a b', 'unknown flag: --form (did you mean from?)'],
    ['ADD --from=x a b', 'unknown flag: --from'],
    ['COPY --from a b', 'missing a value on flag: --from'],
    ['COPY --from=a --from=b a b', 'duplicate flag specified: --from'],
    ['COPY --link=maybe a b', 'expecting boolean value for flag --link, not: maybe'],
    ['COPY --link= a b', 'missing a value on flag: --link'],
    ['ENV --a b=c', 'unknown flag: --a'],
    ['CMD --a ["b"]', 'unknown flag: --a'],
    ['RUN --network=x a', 'invalid network mode "x"'],
    ['RUN --security=x a', 'security "x" is not valid'],
  ])('%s fails', (text, message) => {
    expect(() => instruction(text)).toThrow(message);
  });
});

test.each([
  ['FRMO a', 'unknown instruction: FRMO (did you mean FROM?)'],
  ['constructor a', 'unknown instruction: CONSTRUCTOR'],
  ['\\', 'unknown instruction: '],
  ['FROM a as 1b', `invalid name for build stage: "1b", name can't start with a number or contain symbols`],
  ['FROM a is b', 'FROM requires either one or three arguments'],
  ['ENV =a', 'ENV names can not be blank'],
  ['ENV a=b c', `Syntax error - can't find = in "c". Must be of the form: name=value`],
  ['ARG', 'ARG requires at least one argument'],
  ['ARG =a', 'ARG names can not be blank'],
  ['USER', 'USER requires exactly one argument'],
  ['WORKDIR', 'WORKDIR requires exactly one argument'],
  ['EXPOSE', 'EXPOSE requires at least one argument'],
  ['VOLUME', 'VOLUME requires at least one argument'],
  ['VOLUME [""]', 'VOLUME specified can not be an empty string'],
  ['SHELL []', 'SHELL requires at least one argument'],
  ['ONBUILD', 'ONBUILD requires at least one argument'],
  ['ONBUILD MAINTAINER x', "MAINTAINER isn't allowed as an ONBUILD trigger"],
  ['CMD [1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
  ['COPY a <<E\nE', 'COPY cannot accept a heredoc as a destination'],
  ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
  ['HEALTHCHECK NONE a', 'HEALTHCHECK NONE takes no arguments'],
  ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
  ['HEALTHCHECK --interval=5 CMD a', 'time: missing unit in duration "5"'],
  ['HEALTHCHECK --interval=5x CMD a', 'time: unknown unit "x" in duration "5x"'],
  ['HEALTHCHECK --timeout=. CMD a', 'time: invalid duration "."'],
  ['HEALTHCHECK --timeout=9999999h CMD a', 'time: invalid duration "9999999h"'],
  ['HEALTHCHECK --start-period=1us CMD a', 'Interval "start-period" cannot be less than 1ms'],
  ['HEALTHCHECK --interval=-1s CMD a', 'Interval "interval" cannot be less than 1ms'],
  ['HEALTHCHECK --retries=x CMD a', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['HEALTHCHECK --retries=-1 CMD a', '--retries cannot be negative (-1)'],
  ['HEALTHCHECK --retries=9999999999 CMD a', 'strconv.ParseInt: parsing "9999999999": value out of range'],
])('%j fails', (text, message) => {
  expect(() => instruction(text)).toThrow(expect.objectContaining({ message }) as DockerfileError);
});

test('health checks have times in nanoseconds', () => {
  expect(
    instruction(
      'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0s --start-interval=2ms --retries=2 CMD a b',
    ),
  ).toMatchObject({
    test: ['CMD-SHELL', 'a b'],
    interval: 90e9,
    timeout: 1.5e9,
    startPeriod: 0,
    startInterval: 2e6,
    retries: 2,
  });
  expect(instruction('HEALTHCHECK CMD ["a","b"]')).toMatchObject({ test: ['CMD', 'a', 'b'], interval: 0 });
  expect(instruction('healthcheck none')).toMatchObject({ test: ['NONE'] });
});

describe('here-documents', () => {
  test('of RUN are a script or input', () => {
    expect(instruction('RUN <<-E 3<<F cat\n\ta\n\tE\nb\nF')).toMatchObject({
      command: { form: 'shell', words: ['<<-E 3<<F cat'] },
      heredocs: [
        { name: 'E', content: 'a\n', fileDescriptor: 0, expand: true },
        { name: 'F', content: 'b\n', fileDescriptor: 3 },
      ],
      text: 'RUN <<-E 3<<F cat',
    });
  });

  test('of COPY are files beside the other sources', () => {
    expect(instruction("COPY <<'a.txt' b <<c /d/\nx\na.txt\ny\nc")).toMatchObject({
      sources: ['b'],
      heredocs: [
        { name: 'a.txt', content: 'x\n', expand: false },
        { name: 'c', content: 'y\n', expand: true },
      ],
      destination: '/d/',
    });
  });

  test('of a trigger go into the config and come back', () => {
    const onbuild = instruction('ONBUILD  COPY <<-E /x\n\ta\n\tE');
    const trigger = onbuild?.kind === 'onbuild' ? onbuild.trigger : '';
    expect(trigger).toBe('COPY <<-E /x\n\ta\nE');
    expect(parseTrigger(trigger)).toMatchObject({ kind: 'copy', heredocs: [{ content: 'a\n' }] });
  });
});

describe('triggers', () => {
  test('are read with the escape character of the child', () => {
    expect(parseTrigger('COPY a `\n b', '`')).toMatchObject({
      kind: 'copy',
      sources: ['a'],
      destination: 'b',
    });
  });

  test.each([
    ['ONBUILD RUN a', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['FROM a', "FROM isn't allowed as an ONBUILD trigger"],
    ['RUN a\nRUN b', 'onbuild trigger should be a single expression'],
    ['', 'file with no instructions'],
  ])('%j fails', (text, message) => {
    expect(() => parseTrigger(text)).toThrow(message);
  });
});

describe('mounts', () => {
  test.each([
    ['target=/a', { type: 'bind', target: '/a' }],
    [
      'type=bind,src=a,dst=/b,from=c,rw',
      { type: 'bind', source: 'a', target: '/b', from: 'c', isReadOnly: false },
    ],
    [
      'type=cache,id=i,target=/a,sharing=LOCKED,ro,mode=0700,uid=1,gid=2',
      {
        type: 'cache',
        id: 'i',
        target: '/a',
        sharing: 'locked',
        isReadOnly: true,
        mode: 0o700,
        uid: 1,
        gid: 2,
      },
    ],
    ['type=secret,id=s,env=S,required', { type: 'secret', id: 's', env: 'S', isRequired: true }],
    ['type=ssh,required=false', { type: 'ssh', isRequired: false }],
    ['type=tmpfs,destination=/t,size=1.5k', { type: 'tmpfs', target: '/t', size: 1536 }],
    ['"target=/a,b",readwrite=false', { type: 'bind', target: '/a,b', isReadOnly: true }],
  ])('%s', (text, mount) => {
    expect(parseMount(text)).toEqual(mount);
  });

  test.each([
    ['', 'failed to parse csv mounts: EOF'],
    [
      'target="/a"',
      'failed to parse csv mounts: parse error on line 1, column 8: bare " in non-quoted field',
    ],
    ['target', "invalid field 'target' must be a key=value pair"],
    ['type=bidn', 'unsupported mount type "bidn" (did you mean bind?)'],
    ['tagret=/a', "unexpected key 'tagret' in 'tagret=/a' (did you mean target?)"],
    ['type=cache,sharing=all', 'unsupported sharing value "all"'],
    ['ro=maybe', 'invalid value for ro: maybe'],
    ['required', "unexpected key 'required' for mount type 'bind'"],
    ['type=cache,size=1', "unexpected key 'size' for mount type 'cache'"],
    ['type=tmpfs,size=x', 'invalid value for size: x'],
    ['type=cache,mode=9', 'invalid value 9 for mode'],
    ['type=cache,uid=-1', 'invalid value -1 for uid'],
    ['mode=7', 'mode not allowed for "bind" type mounts'],
    ['type=cache,env=A', 'env not allowed for "cache" type mounts'],
    ['from=$A', "'from' doesn't support variable expansion, define alias stage instead"],
    ['type=secret', 'invalid secret mount. one of source, target required'],
    ['type=secret,id=a,src=b', "both source and id can't be set"],
    ['type=secret,id=a,from=b', 'secret mount should not have a from'],
    ['type=secret,id=a,sharing=shared', 'secret mount should not define sharing'],
    ['type=ssh,sharing=shared', 'invalid cache sharing set for ssh mount'],
  ])('%s fails', (text, message) => {
    expect(() => parseMount(text)).toThrow(message);
  });

  test('variables stay in texts until they have values', () => {
    const text = 'type=$T,target=$D,uid=$U';
    expect(parseMount(text)).toEqual({ type: 'bind', target: '$D' });
    const values = new Map([
      ['$T', 'cache'],
      ['$D', '/d'],
      ['$U', '7'],
    ]);
    expect(parseMount(text, (word) => values.get(word) ?? word)).toEqual({
      type: 'cache',
      target: '/d',
      uid: 7,
    });
  });
});
