// The main job on a real image, offline: builds one of the Node.js that runs this from a Dockerfile, and takes it through
// push, pull, list, inspect, history, save and load. Prints each command before its output.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packNode } from './pack-node.ts';

const WHERRY = fileURLToPath(new URL('../apps/cli/dist/wherry.js', import.meta.url));
const IMAGE = 'quickstart/node:24';
const DOCKERFILE = `FROM scratch
ADD rootfs.tar /
COPY hello.mjs /srv/
CMD ["/bin/node", "/srv/hello.mjs"]
`;
const place = mkdtempSync(join(tmpdir(), 'wherry-quickstart-'));
const started = Date.now();
/** Without it, what stands on `scratch` is as old as 1970, and the same every time. */
const EPOCH = `SOURCE_DATE_EPOCH=${Math.floor(started / 1000)}`;
let service: ChildProcess | undefined;

try {
  await quickstart();
} finally {
  if (service) await stop(service);
  rmSync(place, { recursive: true, force: true });
}

async function quickstart(): Promise<void> {
  const context = join(place, 'context');
  mkdirSync(context);
  say(`${await packNode(join(context, 'rootfs.tar'))} are packed into a root file system`);
  const serve = await startService();
  const remote = `${serve}/${IMAGE}`;
  build(context);
  wherry('images');

  say('it goes to a registry: wherry serve, in the background, with a store of its own');
  wherry('tag', IMAGE, remote);
  wherry('push', remote);
  const before = id(wherry('images', '--no-trunc', '-q', remote));

  say('all of it is removed here, the cache of the build too, and it is pulled back');
  wherry('rmi', IMAGE, remote);
  wherry('image', 'prune', '-f');
  wherry('builder', 'prune', '-af');
  wherry('pull', remote);
  wherry('images', '--digests');
  wherry('history', remote);
  wherry('inspect', remote);

  say('it is saved to an archive that docker load reads, and loaded into a second store');
  const archive = join(place, 'node.tar');
  wherry('save', '-o', archive, remote);
  const second = join(place, 'second');
  wherry('--root', second, 'load', '-i', archive);
  const after = id(wherry('--root', second, 'images', '--no-trunc', '-q'));
  if (before !== after) throw new Error(`the image ID changed on the way: ${before}, then ${after}`);
  wherry('system', 'check');
  wherry('system', 'df');

  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`
The image is the same on both ends: ${after}
All done in ${seconds} s, and cleaned up. Next, try it with real registries:

  alias wherry="npm run --silent wherry --"
  wherry pull ubuntu:24.04
  wherry images
  wherry history ubuntu:24.04
  wherry help`);
}

/** Twice: what has not changed the second time comes from the cache. */
function build(context: string): void {
  say(
    `an image is built of it and a program; nothing runs, so neither root nor Linux is needed. The Dockerfile:`,
  );
  process.stdout.write(DOCKERFILE);
  writeFileSync(join(context, 'Dockerfile'), DOCKERFILE);
  const program = join(context, 'hello.mjs');
  for (const greeting of ['Hello', 'Hello, wherry']) {
    say(`the program says: ${greeting}`);
    writeFileSync(program, `console.log('${greeting}');\n`);
    wherry('build', '--explain', '--build-arg', EPOCH, '-t', IMAGE, context);
  }
}

function id(output: string): string {
  const [first = ''] = output.trim().split('\n');
  return first;
}

/** Runs one command, shown as a user would type it, and returns what it printed. */
function wherry(...args: string[]): string {
  console.log(`$ wherry ${args.map(quoted).join(' ')}`);
  const result = spawnSync(process.execPath, [WHERRY, ...args], {
    encoding: 'utf8',
    env: environment('first'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(`${shortened(result.stdout)}\n`);
  if (result.status !== 0) throw new Error(`wherry ${args[0]}: exit ${result.status}`);
  return result.stdout;
}

/** What `inspect` prints would push everything else off the screen. */
function shortened(output: string): string {
  const lines = output.split('\n');
  return lines.length <= 24
    ? output
    : [...lines.slice(0, 20), `  … ${lines.length - 20} lines more`, ''].join('\n');
}

function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`;
}

function environment(root: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WHERRY_ROOT: join(place, root),
    DOCKER_CONFIG: join(place, 'docker'),
    XDG_CACHE_HOME: join(place, 'cache'),
  };
}

function say(text: string): void {
  console.log(`\n# ${text}\n`);
}

async function startService(): Promise<string> {
  const child = spawn(process.execPath, [WHERRY, 'serve', '--addr', '127.0.0.1:0'], {
    env: environment('registry'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  service = child;
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    const address = /http:\/\/(127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (address) return address;
  }
  throw new Error(`wherry serve did not start: ${said}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
