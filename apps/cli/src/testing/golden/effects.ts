import { join } from 'node:path';
import { type CliSetup, runCli } from '../run-cli.ts';
import { DOCKER_CONFIG, type GoldenCase } from './cases.ts';
import type { Sandbox } from './sandbox.ts';

/** What the recorded run left behind, as far as it is compared. */
export function wantedEffects(
  effects: GoldenCase['effects'],
  comparable: (text: string) => string,
): object | undefined {
  if (effects?.file != null) return { mode: effects.file.mode };
  if (effects?.inspect !== undefined)
    return { inspect: comparable(inspectionText([effects.inspect as object])) };
  const config = effects?.[DOCKER_CONFIG];
  if (config === undefined) return undefined;
  return config === null ? { config } : { config, mode: effects?.mode };
}

/** What this run left behind, in the same form; `named` makes a text comparable with the recorded one. */
export async function effectsOf(
  { argv, effects }: GoldenCase,
  sandbox: Sandbox,
  setup: CliSetup,
  named: (text: string) => string,
): Promise<object | undefined> {
  if (effects?.file != null) {
    const output = argv[argv.findIndex((word) => word === '-o' || word === '--output') + 1] ?? '';
    return { mode: sandbox.readFile(join(sandbox.cwd, output))?.mode };
  }
  if (effects?.inspect !== undefined) {
    const { stdout } = await runCli(['image', 'inspect', withTag(argv.at(-1) ?? '')], {
      ...setup,
      stdin: '',
    });
    return { inspect: named(inspectionText(JSON.parse(stdout))) };
  }
  if (effects?.[DOCKER_CONFIG] === undefined) return undefined;
  const found = sandbox.readFile(sandbox.dockerConfig);
  return found === undefined ? { config: null } : { config: found.text, mode: found.mode };
}

function withTag(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}

/** The document as text, so that the order of its fields counts; its times are the run's own. */
function inspectionText(documents: readonly object[]): string {
  return JSON.stringify(documents, undefined, 4).replace(/"Created": "[^"]*"/, '"Created": <time>');
}
