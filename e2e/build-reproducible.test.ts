import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUSYBOX, buildContext } from './builds.ts';
import { describeWith } from './needs.ts';
import { type Result, run, Sandbox, tryRun, WHERRY } from './wherry.ts';

const needs = { linux: true, root: true, programs: ['runc', 'unshare', 'setpriv'], paths: [BUSYBOX] };
/** Without a name, so without subordinate IDs. */
const SOMEBODY = '54322';
const NAMES = ['z', 'b', 'a', 'dir/y', 'dir/c', 'dir/sub/file'];
const THREE_DAYS_MS = 3 * 86_400_000;

const DOCKERFILE = `FROM busybox:1 AS first
ARG WHO=you
COPY . /all
ADD --chown=7:8 --chmod=640 dir /dir
RUN mkdir /made; for i in 5 3 1 4 2; do echo $i >/made/$i; done; ln /made/1 /made/link; touch /made; rm /all/z
RUN echo $SOURCE_DATE_EPOCH >/epoch; hostname >/name; env | sort >/env
FROM busybox:1
LABEL made=by
WORKDIR /made/here
COPY --from=first /made /epoch /name /env /taken/
COPY <<TEXT /text
made
TEXT
RUN rm -r /taken/5; echo more >>/etc/passwd
`;
/** Files of root alone: what a user without subordinate IDs can have, too. */
const FOR_EVERYBODY = `FROM scratch
COPY busybox /bin/busybox
COPY dir /dir
WORKDIR /made/here
RUN ["/bin/busybox", "sh", "-c", "echo $SOURCE_DATE_EPOCH >epoch; b=/bin/busybox; $b id -u >/who; $b rm /dir/y; $b touch $b"]
`;

/** The same files, made in another order and at another time, by somebody with another umask. */
function contextOf(sandbox: Sandbox, dockerfile: string, isOther: boolean): string {
  const texts = NAMES.map((name) => [name, `text of ${name}\n`] as const);
  const files = Object.fromEntries(isOther ? texts.toReversed() : texts);
  const before = process.umask(isOther ? 0o077 : 0o022);
  try {
    const context = buildContext(sandbox, isOther ? { ...files, Dockerfile: dockerfile } : files);
    if (!isOther) writeFileSync(join(context, 'Dockerfile'), dockerfile);
    execFileSync('chmod', ['-R', 'u=rwX,go=rX', context]);
    const then = new Date(Date.now() - (isOther ? THREE_DAYS_MS : 0));
    for (const name of readdirSync(context, { recursive: true, encoding: 'utf8' }))
      utimesSync(join(context, name), then, then);
    return context;
  } finally {
    process.umask(before);
  }
}

describeWith(needs, 'the same build', () => {
  const shared = new Sandbox();
  const base = shared.file('base.tar');
  let program = '';
  beforeAll(async () => {
    await shared.wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
    await shared.wherry('save', '-o', base, 'busybox:1');
    const unpacked = shared.directory('unpacked');
    await run('tar', '-xzf', BUSYBOX, '-C', unpacked, 'bin');
    program = join(unpacked, 'bin/busybox');
  });
  afterAll(() => shared[Symbol.dispose]());

  test('gives the same bytes in another store, later, from files of another age, umask and order', async () => {
    const archives: Buffer[] = [];
    for (const isOther of [false, true]) {
      using sandbox = new Sandbox();
      await sandbox.wherry('load', '-q', '-i', base);
      const context = contextOf(sandbox, DOCKERFILE, isOther);
      const zone = isOther ? { TZ: 'Asia/Tokyo', LC_ALL: 'C' } : { TZ: 'UTC', LC_ALL: 'C.UTF-8' };
      const script = `umask ${isOther ? '077' : '022'}; exec "$@"`;
      const command = [process.execPath, WHERRY, 'build', '-q', '-t', 'made:1', context];
      const env = { ...sandbox.environment, ...zone };
      const built = await tryRun({ env }, 'sh', '-c', script, 'sh', ...command);
      expect(built).toMatchObject({ status: 0, stderr: '' });
      const archive = sandbox.file('made.tar');
      await sandbox.wherry('save', '-o', archive, 'made:1');
      archives.push(readFileSync(archive));
    }
    expect(archives[1]?.equals(archives[0] ?? Buffer.of())).toBe(true);
  });

  test('gives the same image to root and to somebody in a namespace of one user', async () => {
    const ids: string[] = [];
    for (const isOther of [false, true]) {
      using sandbox = new Sandbox();
      const context = contextOf(sandbox, FOR_EVERYBODY, isOther);
      cpSync(program, join(context, 'busybox'));
      const built = await buildAs(sandbox, context, isOther ? SOMEBODY : '0');
      expect(built).toMatchObject({ status: 0 });
      ids.push(built.stdout);
    }
    expect(ids[1]).toBe(ids[0]);
  });
});

function buildAs(sandbox: Sandbox, context: string, user: string): Promise<Result> {
  execFileSync('chown', ['-R', `${user}:${user}`, sandbox.path]);
  const identity = ['--reuid', user, '--regid', user, '--clear-groups', '--'];
  const command = [process.execPath, WHERRY, 'build', '-q', context];
  return tryRun({ env: sandbox.environment, cwd: sandbox.path }, 'setpriv', ...identity, ...command);
}
