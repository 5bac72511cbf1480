import { join } from 'node:path';
import { type CliSetup, runCli } from '../run-cli.ts';
import { DOCKER_CONFIG, type GoldenCase } from './cases.ts';
import { asWherry, normalise } from './normalise.ts';
import type { Sandbox } from './sandbox.ts';

/** What the recorded run left behind, as far as it is compared. */
export function wantedEffects(effects: GoldenCase['effects']): object | undefined {
  if (effects?.file != null) return { mode: effects.file.mode };
  if (effects?.inspect !== undefined) return { inspect: comparableInspection([effects.inspect], asWherry) };
  const config = effects?.[DOCKER_CONFIG];
  if (config === undefined) return undefined;
  return config === null ? { config } : { config, mode: effects?.mode };
}

/** What this run left behind, in the same form; `named` puts the recorded names into a text. */
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
    return { inspect: comparableInspection(JSON.parse(stdout), named) };
  }
  if (effects?.[DOCKER_CONFIG] === undefined) return undefined;
  const found = sandbox.readFile(sandbox.dockerConfig);
  return found === undefined ? { config: null } : { config: found.text, mode: found.mode };
}

function withTag(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}

/** The document as text, so that the order of its fields counts; times and the tar's digest are the run's own. */
function comparableInspection(documents: readonly object[], named: (text: string) => string): string {
  const text = JSON.stringify(documents, undefined, 4).replace(/"Created": "[^"]*"/, '"Created": <time>');
  return normalise(named(text));
}
