import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { multiPlatformImage, seedRegistry } from './images.ts';
import { tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { Sandbox, tryRun, WHERRY } from './wherry.ts';

const sandbox = new Sandbox();
const IMAGES = 30;

beforeAll(async () => {
  const archive = sandbox.file('root.tar');
  writeFileSync(archive, tarOf([{ path: 'file' }]));
  for (let count = 0; count < IMAGES && existsSync(WHERRY); count++)
    await sandbox.wherry('import', archive, `reader/image:${count}`);
});
afterAll(() => sandbox[Symbol.dispose]());

/** Runs a line of the shell in which `$wherry` is the program. */
async function shell(line: string, env: NodeJS.ProcessEnv = {}) {
  const wherry = `${process.execPath} ${WHERRY}`;
  return tryRun(
    { env: { ...sandbox.environment, wherry, ...env } },
    'bash',
    '-c',
    `set -o pipefail; ${line}`,
  );
}

describeWith({ programs: ['bash', 'head'] }, 'a reader that goes away', () => {
  test.each([
    { name: 'after the first line', line: '$wherry images | head -1', stdout: /^REPOSITORY .*\n$/ },
    { name: 'at once', line: '$wherry images | true', stdout: /^$/ },
    {
      name: 'in the middle of a line',
      line: "$wherry images --format '{{json .}}' | head -c 5",
      stdout: /^.{5}$/,
    },
    {
      name: 'in the middle of a document',
      line: '$wherry inspect $($wherry images -q) | head -1',
      stdout: /^\[\n$/,
    },
    {
      name: 'in the middle of an archive',
      line: '$wherry save reader/image:1 | head -c 9 | wc -c',
      stdout: /^9\n$/,
    },
    { name: 'while help is printed', line: '$wherry --help | head -1', stdout: /\n$/ },
  ])('$name is no failure', async ({ line, stdout }) => {
    const result = await shell(line);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(stdout);
  });

  test('of errors makes no success of a failure', async () => {
    expect((await shell('$wherry inspect nosuch 2>&1 >/dev/null | true')).status).toBe(1);
  });
});

describeWith({ programs: ['script', 'docker-registry', 'skopeo'], linux: true }, 'a terminal', () => {
  let registry: Peer;
  let name = '';
  beforeAll(async () => {
    registry = await startDockerRegistry(sandbox.directory('registry'));
    name = `${registry.address}/narrow/image:1`;
    await seedRegistry(await multiPlatformImage(sandbox.directory('image')), name);
  });
  afterAll(() => registry.stop());

  /** What a terminal of this size gets to see. */
  async function screen(columns: number, command: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const inside = `stty cols ${columns} rows 10; exec ${command}`;
    const { stdout, stderr, status } = await shell(`script -qec '${inside}' /dev/null`, env);
    expect(status, stdout + stderr).toBe(0);
    return stdout.replaceAll('\r\n', '\n');
  }

  test.each([1, 20, 80, 200])('of %d columns shows bars that fit a line', async (columns) => {
    const root = sandbox.directory('root');
    const text = await screen(columns, `$wherry --root ${root} pull ${name}`);
    // Every redrawn line goes up, is cleared, is written and goes down again.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's own
    const drawn = [...text.matchAll(/\x1b\[1A\x1b\[2K\r([^\r\n\x1b]*)\r\x1b\[1B/g)].map(
      ([, line = '']) => line,
    );
    expect(drawn.length).toBeGreaterThan(1);
    for (const line of drawn) expect(line.length).toBeLessThan(columns);
    expect(text).toMatch(/Digest: sha256:[0-9a-f]{64}\n/);
  });

  test('of 20 columns gets tables as they are', async () => {
    const piped = await sandbox.wherry('images');
    const ages = /\S+ \S+ ago|Less than a second ago|About an? \S+ ago/g;
    const plain = (text: string) => text.replace(ages, 'AGO').replace(/ +/g, ' ');
    expect(plain(await screen(20, '$wherry images'))).toBe(plain(piped));
  });

  test('gets colours, unless NO_COLOR forbids them', async () => {
    const config = sandbox.directory('docker');
    const auths = { [registry.address]: { auth: Buffer.from('user:secret').toString('base64') } };
    writeFileSync(join(config, 'config.json'), JSON.stringify({ auths }));
    const login = `$wherry --config ${config} login ${registry.address}`;
    expect(await screen(80, login)).toContain('\u001b[');
    const plain = await screen(80, login, { NO_COLOR: '1' });
    expect(plain).not.toContain('\u001b');
    expect(plain).toMatch(/\nLogin Succeeded\n/);
  });
});
