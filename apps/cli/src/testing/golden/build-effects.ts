import { join } from 'node:path';
import { type CliSetup, runCli } from '../run-cli.ts';
import type { Effects, GoldenCase } from './cases.ts';
import type { Sandbox } from './sandbox.ts';

const ID_FILE = 'iid.txt';

/** What is compared of an image: not what tells which parent it had, or how its layers are stored. */
interface Inspection {
  readonly RepoTags: readonly string[];
  readonly Comment: string;
  readonly Author: string;
  readonly Architecture: string;
  readonly Os: string;
  readonly Size: number;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly RootFS: { readonly Type: string };
}

/** What a recorded build left behind, as far as it is compared. */
export function wantedBuildEffects(
  effects: Effects | undefined,
  comparable: (text: string) => string,
): object | undefined {
  if (effects?.['/tmp/iid.txt'] !== undefined) return { id: comparable(effects['/tmp/iid.txt']) };
  if (effects?.config !== undefined) return { config: JSON.stringify(effects.config, undefined, 4) };
  const { inspect } = effects ?? {};
  if (typeof inspect === 'string') return { image: inspect };
  return inspect && { image: imageText(inspect as Inspection) };
}

/** What this run left behind, in the same form. */
export async function buildEffectsOf(
  { argv, effects }: GoldenCase,
  sandbox: Sandbox,
  setup: CliSetup,
  named: (text: string) => string,
): Promise<object | undefined> {
  if (effects === undefined) return undefined;
  if (effects['/tmp/iid.txt'] !== undefined)
    return { id: named(sandbox.readFile(join(sandbox.tmp, ID_FILE))?.text ?? '') };
  const name = argv[argv.indexOf('-t') + 1] ?? '';
  const { stdout } = await runCli(['image', 'inspect', name], { ...setup, stdin: '' });
  const [image] = JSON.parse(stdout) as Inspection[];
  if (image === undefined) return {};
  if (typeof effects.inspect === 'string')
    return { image: `${JSON.stringify({ Type: image.RootFS.Type })} ${image.Size}` };
  if (effects.config === undefined) return { image: imageText(image) };
  const config = Object.keys(effects.config).map((key) => [key, image.Config[key]]);
  return { config: JSON.stringify(Object.fromEntries(config), undefined, 4) };
}

function imageText({ RepoTags, Comment, Author, Architecture, Os, Config, RootFS }: Inspection): string {
  const { Image: _parent, ...config } = Config;
  const shown = { RepoTags, Comment, Author, Architecture, Os, config, type: RootFS.Type };
  return JSON.stringify(shown, undefined, 4);
}
