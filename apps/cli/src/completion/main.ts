import { processIo } from '../io.ts';
import { complete, formatAnswer, type NameSources } from './answer.ts';

// What `wherry __complete` runs: the scripts call it with the words of the line, and `:` before the last one, in
// which the cursor is, because not every shell can hand over an empty word.

/** How long open connections may keep the process after it has answered. */
const GRACE_MS = 50;

const [current = ':', ...before] = process.argv.slice(3).reverse();
const io = processIo();

/** The engine is loaded only when a name is asked for. */
function namesOf(globals: ReadonlyMap<string, string>): NameSources {
  const sources = async () => {
    const [{ engineNames }, { openEngine }] = await Promise.all([
      import('./engine-names.ts'),
      import('../open-engine.ts'),
    ]);
    return engineNames({ env: io.env, globals, openEngine });
  };
  return {
    images: async () => await (await sources()).images(),
    repositories: async () => await (await sources()).repositories(),
    registries: async () => await (await sources()).registries(),
    containers: async (activity) => await (await sources()).containers(activity),
    tags: async (repository) => await (await sources()).tags(repository),
  };
}

complete(before.reverse(), current.replace(/^:/, ''), namesOf).then((answer) => {
  io.stdout.write(formatAnswer(answer));
  setTimeout(() => process.exit(), GRACE_MS).unref();
});
