import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { CredentialHelper } from './credential-helper.ts';
import { FileCredentialStore } from './credential-store.ts';

const NO_ANSWER = 'docker-credential-bad: answer is not a JSON object with a name and a secret';
const auth = (name: string) => ({ auth: Buffer.from(`${name}:secret`).toString('base64') });

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wherry-credentials-'));
});

async function write(path: string, document: object): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), JSON.stringify(document));
}

function store(env: Record<string, string> = {}): FileCredentialStore {
  const options = { env: { PATH: join(home, 'bin'), ...env }, home, dockerConfigDir: join(home, '.docker') };
  return new FileCredentialStore(options);
}

/** A helper that keeps what it was told in a file and logs its calls. */
async function installHelper(suffix: string, script: string): Promise<void> {
  await mkdir(join(home, 'bin'), { recursive: true });
  await writeFile(join(home, 'bin', `docker-credential-${suffix}`), `#!/bin/sh\n${script}\n`, {
    mode: 0o755,
  });
}

const KEEPER = `
PATH=/usr/bin:/bin
cd "$(dirname "$0")"
case "$1" in
  store) cat > kept ;;
  get) if [ -f kept ]; then cat kept; else echo "credentials not found in native keychain"; exit 1; fi ;;
  erase) rm kept 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
esac`;

describe('files', () => {
  test('are asked in order: the environment, Docker, Podman', async () => {
    const env = { XDG_RUNTIME_DIR: join(home, 'run') };
    await write('.config/containers/auth.json', { auths: { 'reg.io': auth('config-home') } });
    expect((await store(env).get('reg.io'))?.username).toBe('config-home');
    await write('run/containers/auth.json', { auths: { 'reg.io': auth('runtime') } });
    expect((await store(env).get('reg.io'))?.username).toBe('runtime');
    await write('.docker/config.json', { auths: { 'reg.io': auth('docker') } });
    expect((await store(env).get('reg.io'))?.username).toBe('docker');
    const inline = { ...env, DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'reg.io': auth('inline') } }) };
    expect((await store(inline).get('reg.io'))?.username).toBe('inline');
  });

  test('may all be missing', async () => {
    expect(await store().get('reg.io')).toBeUndefined();
    expect(await store().erase('reg.io')).toBe(false);
  });

  test('keep what is stored until it is erased', async () => {
    const path = join(home, '.docker', 'config.json');
    expect(await store().store('reg.io', { username: 'user', password: 'secret' })).toEqual({
      kind: 'file',
      path,
    });
    expect(await store().get('reg.io')).toEqual({ username: 'user', password: 'secret' });
    expect(await store().erase('reg.io')).toBe(true);
    expect(await store().get('reg.io')).toBeUndefined();
  });
});

describe('helpers', () => {
  test('keep the secret out of the file', async () => {
    await installHelper('keeper', KEEPER);
    await write('.docker/config.json', { credsStore: 'keeper' });
    const kept = await store().store('docker.io', { username: 'user', password: 'secret' });
    expect(kept).toEqual({ kind: 'helper', name: 'keeper' });
    expect(JSON.parse(await readFile(join(home, 'bin', 'kept'), 'utf8'))).toEqual({
      ServerURL: 'https://index.docker.io/v1/',
      Username: 'user',
      Secret: 'secret',
    });
    const file = await readFile(join(home, '.docker', 'config.json'), 'utf8');
    expect(JSON.parse(file).auths).toEqual({ 'https://index.docker.io/v1/': {} });
    expect(await store().get('docker.io')).toEqual({ username: 'user', password: 'secret' });
    expect(await store().erase('docker.io')).toBe(true);
    expect(await store().get('docker.io')).toBeUndefined();
  });

  test('of a host come before the one for all', async () => {
    await installHelper('keeper', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    await write('.docker/config.json', { credsStore: 'missing', credHelpers: { 'reg.io': 'keeper' } });
    expect(await store().get('reg.io')).toEqual({ username: '', password: '', identityToken: 'refresh' });
  });

  test('are not asked where they might ask in turn', async () => {
    await installHelper('keeper', 'echo asked > "$(dirname "$0")/asked"; exit 1');
    await write('.docker/config.json', { credsStore: 'keeper', auths: { 'reg.io': auth('file') } });
    const options = { env: { PATH: join(home, 'bin') }, home, dockerConfigDir: join(home, '.docker') };
    const quiet = new FileCredentialStore({ ...options, asksHelpers: false });
    expect((await quiet.get('reg.io'))?.username).toBe('file');
    await expect(readFile(join(home, 'bin/asked'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that are missing are told of in the words of Docker', async () => {
    await write('.docker/config.json', { credsStore: 'nosuchhelper' });
    await expect(store().store('127.0.0.1:5056', { username: 'user', password: 'secret' })).rejects.toThrow(
      'error storing credentials - err: exec: "docker-credential-nosuchhelper": executable file not found in $PATH, out: ``',
    );
  });

  test.each([
    {
      name: 'fails',
      script: 'echo "locked"; exit 3',
      message: 'error getting credentials - err: exit status 3, out: `locked`',
    },
    {
      name: 'answers something else',
      script: 'echo secret-in-the-clear',
      message: NO_ANSWER,
    },
    { name: 'answer nothing', script: 'exit 0', message: NO_ANSWER },
    { name: 'answer a list', script: 'echo "[]"', message: NO_ANSWER },
    { name: 'answer null', script: 'echo null', message: NO_ANSWER },
    { name: 'give a number for a secret', script: `echo '{"Username":"a","Secret":5}'`, message: NO_ANSWER },
    { name: 'give a list for a name', script: `echo '{"Username":[],"Secret":"s"}'`, message: NO_ANSWER },
    {
      name: 'answer megabytes',
      script: 'while :; do echo 0123456789012345678901234567890123456789; done',
      message: 'docker-credential-bad get: more than 1048576 bytes of output',
    },
    {
      name: 'fail at length',
      script: 'i=0; while [ $i -lt 2000 ]; do printf "x%.0s" 1; i=$((i+1)); done; exit 1',
      message: `err: exit status 1, out: \`${'x'.repeat(1000)}…\``,
    },
    { name: 'are killed', script: 'kill -9 $$', message: 'docker-credential-bad get: ended by SIGKILL' },
  ])('that $name make an error', async ({ script, message }) => {
    await installHelper('bad', script);
    const helper = new CredentialHelper('bad', { env: { PATH: join(home, 'bin') } });
    await expect(helper.get('reg.io')).rejects.toThrow(message);
  });

  test('that know a name without a secret know nothing', async () => {
    await installHelper('bad', `echo '{"Username":"a"}'`);
    const helper = new CredentialHelper('bad', { env: { PATH: join(home, 'bin') } });
    expect(await helper.get('reg.io')).toBeUndefined();
  });

  test.each([
    { name: 'that do not answer', script: 'exec /bin/sleep 60' },
    { name: 'whose child keeps the output open', script: '/bin/sleep 60 & /bin/sleep 60' },
  ])('$name are ended', async ({ script }) => {
    await installHelper('slow', script);
    const helper = new CredentialHelper('slow', { env: { PATH: join(home, 'bin') }, timeoutMs: 50 });
    await expect(helper.get('reg.io')).rejects.toThrow('no answer within 0.05 seconds');
  });

  test('cannot be named outside of the search path, nor told two lines', async () => {
    expect(() => new CredentialHelper('../evil', { env: {} })).toThrow(
      'invalid credential helper name "../evil"',
    );
    const helper = new CredentialHelper('keeper', { env: {} });
    await expect(helper.get('a\nb')).rejects.toThrow('registry address with a line break');
  });
});
