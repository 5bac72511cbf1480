import type { BuildCase } from './case.ts';

/** What changes the config alone. */
export const CONFIG_CASES: readonly BuildCase[] = [
  {
    name: 'labels',
    dockerfile: [
      'FROM base:1',
      'LABEL com.example.a="b c" plain=d "quoted key"="x" over=child',
      'LABEL multi="line one \\',
      'line two" empty=""',
      'LABEL old form of it',
    ],
    labels: { given: 'yes', base: 'given' },
    builder: 'both',
    differs: [{ at: 'history', from: 'buildkit', reason: 'label steps' }],
  },
  {
    name: 'ports',
    dockerfile: [
      'FROM base:1',
      'EXPOSE 80 443/tcp 53/udp',
      'EXPOSE 8000-8003 9000-9001/udp 80',
      'EXPOSE 7/TCP 132/sctp',
    ],
    builder: 'classic',
  },
  {
    name: 'volumes',
    dockerfile: ['FROM base:1', 'VOLUME /a /b', 'VOLUME ["/c d", "/e"]', 'VOLUME relative'],
    builder: 'classic',
  },
  {
    name: 'users',
    dockerfile: [
      'FROM base:1',
      'USER mail',
      'RUN id -u >/tmp/1; id -g >>/tmp/1',
      'WORKDIR /made/by/mail',
      'COPY f by-root',
      'USER 33',
      'RUN id -u >/tmp/2; id -g >>/tmp/2',
      'USER www-data:8',
      'RUN id -u >/tmp/3; id -g >>/tmp/3',
      'USER 1234:5678',
      'RUN id -u >/tmp/4; id -g >>/tmp/4; touch /tmp/5',
    ],
    files: { f: 'f' },
    builder: 'both',
    differs: [
      { at: 'tree /made', from: 'classic', reason: 'workdir owner' },
      { at: 'tree /made/by', from: 'classic', reason: 'workdir owner' },
      { at: 'tree /made/by/mail', from: 'classic', reason: 'workdir owner' },
    ],
  },
  {
    name: 'working directories',
    dockerfile: [
      'FROM base:1',
      'WORKDIR /a',
      'WORKDIR b/c',
      'WORKDIR ../d',
      'RUN pwd >/pwd',
      'WORKDIR /data/',
      'WORKDIR sub/../.',
      'RUN pwd >>/pwd',
      'WORKDIR /absolute',
      'RUN pwd >>/pwd; pwd -P >>/pwd',
      'WORKDIR /linked/new',
      'WORKDIR "/with blank"',
      'COPY f .',
    ],
    files: { f: 'f' },
    builder: 'both',
    differs: [{ at: 'history 6', from: 'classic', reason: 'plain workdir' }],
  },
  ...(
    [
      ['a CMD of a shell', ['CMD echo hi']],
      ['an ENTRYPOINT drops the CMD of its base', ['ENTRYPOINT ["/e"]']],
      ['an ENTRYPOINT keeps an own CMD', ['CMD ["own"]', 'ENTRYPOINT ["/e"]', 'ENTRYPOINT /bin/e -x']],
      ['a CMD after an ENTRYPOINT', ['ENTRYPOINT exec top', 'CMD ["a", "b\\"c", "\\u00e9"]']],
      ['commands that are no arrays after all', ["CMD ['a', 'b']", 'ENTRYPOINT [x]']],
      ['empty commands', ['ENTRYPOINT []', 'CMD []']],
    ] as const
  ).map(([name, lines]): BuildCase => ({ name, dockerfile: ['FROM base:1', ...lines], builder: 'both' })),
  {
    name: 'an ENTRYPOINT over one of a base',
    dockerfile: ['FROM parent:1', 'ENTRYPOINT ["/new"]'],
    builder: 'both',
  },
  {
    name: 'a CMD over one of a base, whose ENTRYPOINT stays',
    dockerfile: [
      'FROM parent:1',
      'CMD ["new"]',
      'USER root',
      'WORKDIR sub',
      'STOPSIGNAL 9',
      'HEALTHCHECK NONE',
    ],
    builder: 'both',
    differs: [{ at: 'config Healthcheck', from: 'classic', reason: 'no health check' }],
  },
  ...(
    [
      ['an exec form', 'HEALTHCHECK CMD ["curl", "-f", "http://localhost/"]'],
      ['a shell', 'HEALTHCHECK --interval=5m --timeout=3s CMD curl -f http://localhost/ || exit 1'],
      ['all options', 'HEALTHCHECK --interval=1m30s --timeout=1500ms --start-period=1h --retries=5 CMD true'],
    ] as const
  ).map(
    ([name, line]): BuildCase => ({
      name: `HEALTHCHECK with ${name}`,
      dockerfile: ['FROM base:1', line],
      builder: 'classic',
    }),
  ),
  {
    name: 'signals',
    dockerfile: ['FROM base:1', 'STOPSIGNAL 9', 'STOPSIGNAL SIGTERM', 'STOPSIGNAL RTMIN+3'],
    builder: 'classic',
  },
  {
    name: 'a maintainer',
    dockerfile: ['FROM base:1', 'MAINTAINER Some One <some@one.example>', 'ENV A=1', 'RUN echo a >/a'],
    builder: 'both',
  },
  {
    name: 'shells',
    dockerfile: [
      'FROM base:1',
      'SHELL ["/bin/sh", "-e", "-c"]',
      'RUN echo $- >/flags',
      'CMD echo cmd',
      'ENTRYPOINT echo entry',
      'HEALTHCHECK CMD echo health',
      'SHELL ["/bin/busybox", "ash", "-c"]',
      'RUN echo ash >/ash',
      'CMD echo again',
    ],
    builder: 'both',
  },
  {
    name: 'triggers for later',
    dockerfile: [
      'FROM base:1',
      'ONBUILD RUN echo "a b"  c',
      'ONBUILD   copy . /x',
      'ONBUILD CMD ["a",  "b"]',
      'onbuild USER x',
    ],
    builder: 'classic',
  },
];
