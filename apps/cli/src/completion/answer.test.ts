import { describe, expect, test } from 'vitest';
import { complete, formatAnswer, type NameSources } from './answer.ts';

const IMAGES = ['ubuntu:24.04', 'ubuntu:22.04', 'r.io:5000/team/app:1'];
const TAGS = ['24.04', '22.04', 'latest'];

const CONTAINERS = {
  paused: [{ id: 'aa'.repeat(32), name: 'held' }],
  running: [{ id: 'bb'.repeat(32), name: 'web' }],
  stopped: [{ id: 'cc'.repeat(32), name: 'old' }],
};

/** Notes what repositories are asked for. */
function sources(images: readonly string[] = IMAGES, tags: readonly string[] = TAGS) {
  const asked: string[] = [];
  const names: NameSources = {
    images: async () => images,
    repositories: async () => ['ubuntu', 'r.io:5000/team/app'],
    registries: async () => ['r.io:5000'],
    containers: async (activity = 'stopped') => CONTAINERS[activity],
    tags: async (repository) => {
      asked.push(repository);
      return tags;
    },
  };
  return { asked, names };
}

/** The words that complete the last of the line; `|` ends it. */
async function answer(line: string, names = sources().names) {
  const words = line.replace(/\|$/, '').split(' ');
  const { mode, candidates } = await complete(words.slice(0, -1), words.at(-1) ?? '', () => names);
  return { mode, values: candidates.map(({ value }) => value) };
}

describe('completion of', () => {
  test.each([
    { line: 'ima', values: ['images', 'image'] },
    { line: 'help ima', values: ['images', 'image'] },
    { line: '--root /x ima', values: ['images', 'image'] },
    { line: '--root=/x -D ima', values: ['images', 'image'] },
    { line: 'image pr', values: ['prune'] },
    { line: 'image list --dig', values: ['--digests'] },
    { line: 'system |', values: ['check', 'df', 'info', 'prune', 'ratelimit'] },
    { line: 'build --progress |', values: ['auto', 'plain', 'tty', 'rawjson'] },
    { line: 'build --network |', values: ['default', 'host', 'none'] },
    { line: 'build -f |', mode: 'files', values: [] },
    { line: 'image build |', mode: 'directories', values: [] },
    { line: 'serve |', values: ['gc', 'retention', 'token', 'users'] },
    { line: 'serve --addr :0 |', values: ['gc', 'retention', 'token', 'users'] },
    { line: 'serve u', values: ['users'] },
    { line: 'serve users |', values: ['add', 'list', 'remove'] },
    { line: 'serve users add --pass', values: ['--password-stdin'] },
    { line: 'serve users list --format |', values: ['json', 'table'] },
    { line: 'serve nosuch |', values: [] },
    { line: 'builder |', values: ['build', 'du', 'prune'] },
    { line: 'nosuch |', values: [] },
    { line: 'nosuch ima', values: [] },
    { line: '--v', values: ['--version'] },
    { line: 'images --f', values: ['--filter', '--format'] },
    { line: 'images --format |', values: ['json', 'table'] },
    { line: 'images --format=j', values: ['--format=json'] },
    { line: 'images --nosuch=j', values: [] },
    { line: 'inspect -f |', values: ['json'] },
    { line: 'images -qf d', values: ['dangling=false', 'dangling=true'] },
    { line: 'images -fx |', values: IMAGES },
    { line: 'image prune --filter lab', mode: 'nospace', values: ['label=', 'label!='] },
    { line: 'tags --sort |', values: ['semver', 'name', 'none'] },
    { line: 'pull --platform linux/arm/', values: ['linux/arm/v7', 'linux/arm/v6'] },
    { line: 'inspect --type |', values: ['container', 'image'] },
    { line: 'completion |', values: ['bash', 'zsh', 'fish', 'powershell'] },
    { line: 'inspect |', values: ['old', ...IMAGES] },
    { line: 'image inspect |', values: IMAGES },
    { line: 'inspect a b ubuntu:2', values: ['ubuntu:24.04', 'ubuntu:22.04'] },
    { line: 'exec |', values: ['web'] },
    { line: 'exec web |', values: [] },
    { line: 'stop web b', values: ['bbbbbbbbbbbb'] },
    { line: 'unpause |', values: ['held'] },
    { line: 'start |', values: ['old'] },
    { line: 'container rm -f o', values: ['old'] },
    { line: 'container inspect c', values: ['cccccccccccc'] },
    { line: 'rename old |', values: [] },
    { line: 'commit old r', values: ['r.io:5000/team/app:1'] },
    { line: 'run --pid |', values: ['host'] },
    { line: 'history ubuntu:24.04 |', values: [] },
    { line: 'tag ubuntu:24.04 r', values: ['r.io:5000/team/app:1'] },
    { line: 'rmi -f -- --', values: [] },
    { line: 'rmi -- r', values: ['r.io:5000/team/app:1'] },
    { line: 'rmi --format json r', values: ['r.io:5000/team/app:1'] },
    { line: 'tags r', values: ['r.io:5000/team/app'] },
    { line: 'login |', values: ['r.io:5000'] },
    { line: 'info |', values: [] },
    { line: 'save -o |', mode: 'files', values: [] },
    { line: 'load --input=./', mode: 'files', values: [] },
    { line: 'import |', mode: 'files', values: [] },
    { line: 'import x.tar ubuntu:24', values: ['ubuntu:24.04'] },
    { line: '--root |', mode: 'directories', values: [] },
  ])('$line', async ({ line, values, mode = 'words' }) => {
    expect(await answer(line)).toEqual({ mode, values });
  });

  test.each([
    { line: 'pull ub', asked: [], values: ['ubuntu:24.04', 'ubuntu:22.04'] },
    { line: 'pull ubuntu:2', asked: ['ubuntu'], values: ['ubuntu:24.04', 'ubuntu:22.04'] },
    {
      line: 'pull debian:|',
      asked: ['debian'],
      values: ['debian:24.04', 'debian:22.04', 'debian:latest'],
    },
    {
      line: 'pull r.io:5000/team/app:l',
      asked: ['r.io:5000/team/app'],
      values: ['r.io:5000/team/app:latest'],
    },
    { line: 'pull r.io:5000/te', asked: [], values: ['r.io:5000/team/app:1'] },
    { line: 'pull r.io:50', asked: [], values: ['r.io:5000/team/app:1'] },
    { line: 'pull localhost:50', asked: [], values: [] },
    { line: 'pull ubuntu@sha256:|', asked: [], values: [] },
    { line: 'pull :|', asked: [], values: [] },
    { line: 'push ubuntu:2', asked: [], values: ['ubuntu:24.04', 'ubuntu:22.04'] },
  ])('$line asks registries for $asked', async ({ line, asked, values }) => {
    const fake = sources();
    expect(await answer(line, fake.names)).toEqual({ mode: 'words', values });
    expect(fake.asked).toEqual(asked);
  });

  test('names leaves out what a shell might run, or take apart', async () => {
    const hostile = [
      'x:$(reboot)',
      'x:`id`',
      'x:1;id',
      "x:'",
      'x:a b',
      'x:\n',
      'x:\u001b[2J',
      'x:*',
      'x:~',
      'x:1',
    ];
    const tags = hostile.map((name) => name.slice(2));
    expect(await answer('rmi x', sources(hostile).names)).toMatchObject({ values: ['x:1'] });
    expect(await answer('pull x:|', sources([], tags).names)).toMatchObject({ values: ['x:1'] });
  });
});

test('an answer is its mode, and a line for each candidate', () => {
  const candidates = [{ value: 'images', about: 'List images' }, { value: 'x:1' }];
  expect(formatAnswer({ mode: 'words', candidates })).toBe('words\nimages\tList images\nx:1\n');
  expect(formatAnswer({ mode: 'files', candidates: [] })).toBe('files\n');
});
