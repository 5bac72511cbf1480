import { parseTrigger } from '@wherry/dockerfile';
import { describe, expect, test } from 'vitest';
import type { ContainerConfig } from '../oci/image-config.ts';
import { applyInstruction, type ConfigInstruction } from './apply-instruction.ts';

const BASE: ContainerConfig = { Env: ['PATH=/bin'], Cmd: ['bash'], WorkingDir: '/w' };

function apply(text: string, config: ContainerConfig = BASE, hasCommand = false) {
  return applyInstruction(config, parseTrigger(text) as ConfigInstruction, hasCommand);
}

const history = [
  { text: 'LABEL a=b multi=line', createdBy: '/bin/sh -c #(nop)  LABEL a=b multi=line' },
  { text: 'ENV OLD=style', createdBy: '/bin/sh -c #(nop)  ENV OLD=style' },
  { text: 'ARG WHO=world', createdBy: '/bin/sh -c #(nop)  ARG WHO=world' },
  { text: 'ARG NOPE', createdBy: '/bin/sh -c #(nop)  ARG NOPE' },
  { text: 'EXPOSE 80 8080-8081/udp', createdBy: '/bin/sh -c #(nop)  EXPOSE 80 8080-8081/udp' },
  { text: 'EXPOSE 80 443', createdBy: '/bin/sh -c #(nop)  EXPOSE 443 80' },
  { text: 'VOLUME /data /x', createdBy: '/bin/sh -c #(nop)  VOLUME [/data /x]' },
  { text: 'USER app', createdBy: '/bin/sh -c #(nop)  USER app' },
  { text: 'WORKDIR sub', createdBy: '/bin/sh -c #(nop) WORKDIR /w/sub' },
  { text: 'STOPSIGNAL SIGTERM', createdBy: '/bin/sh -c #(nop)  STOPSIGNAL SIGTERM' },
  { text: 'CMD ["default"]', createdBy: '/bin/sh -c #(nop)  CMD ["default"]' },
  { text: 'CMD echo "hi"', createdBy: '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "echo \\"hi\\""]' },
  { text: 'ENTRYPOINT ["/bin/echo"]', createdBy: '/bin/sh -c #(nop)  ENTRYPOINT ["/bin/echo"]' },
  { text: 'SHELL ["/bin/sh", "-ec"]', createdBy: '/bin/sh -ec #(nop)  SHELL [/bin/sh -ec]' },
  {
    text: 'HEALTHCHECK --interval=5s --timeout=3s --retries=2 CMD test -f /dest/c',
    createdBy: '/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "test -f /dest/c"] "5s" "3s" "0s" \'\\x02\'}',
  },
];

describe('the history', () => {
  test.each(history)('tells of $text as Docker does', ({ text, createdBy }) => {
    expect(apply(text).createdBy).toBe(createdBy);
  });
});

describe('an instruction', () => {
  test.each([
    { text: 'ENV A=1 PATH=/sbin', config: { ...BASE, Env: ['PATH=/sbin', 'A=1'] } },
    { text: 'EXPOSE 80 53/udp', config: { ...BASE, ExposedPorts: { '80/tcp': {}, '53/udp': {} } } },
    { text: 'VOLUME /data', config: { ...BASE, Volumes: { '/data': {} } } },
    { text: 'WORKDIR ../x/./y', config: { ...BASE, WorkingDir: '/x/y' } },
    { text: 'ENTRYPOINT ["/e"]', config: { Env: BASE.Env, WorkingDir: '/w', Entrypoint: ['/e'] } },
    { text: 'HEALTHCHECK NONE', config: { ...BASE, Healthcheck: { Test: ['NONE'] } } },
  ])('$text changes the config', ({ text, config }) => {
    expect(apply(text).config).toEqual(config);
  });

  test('ENTRYPOINT leaves a command of the same Dockerfile', () => {
    expect(apply('ENTRYPOINT ["/e"]', BASE, true).config.Cmd).toEqual(['bash']);
  });

  test('a command in shell form is for the shell that is set', () => {
    expect(apply('CMD run', { ...BASE, Shell: ['/bin/bash', '-lc'] }).config.Cmd).toEqual([
      '/bin/bash',
      '-lc',
      'run',
    ]);
  });

  test.each([
    { text: 'EXPOSE abc', error: 'Invalid containerPort: abc' },
    { text: 'STOPSIGNAL SIGFOO', error: 'Invalid signal: SIGFOO' },
    { text: 'EXPOSE 80/quic', error: 'Invalid proto: quic' },
  ])('$text is refused', ({ text, error }) => {
    expect(() => apply(text)).toThrow(error);
  });

  test('MAINTAINER names the author', () => {
    const location = { startLine: 1, endLine: 1 };
    const instruction = { kind: 'maintainer', name: 'someone <a@b>', text: '', location } as const;
    expect(applyInstruction(BASE, instruction, false)).toMatchObject({
      author: 'someone <a@b>',
      config: BASE,
    });
  });
});
