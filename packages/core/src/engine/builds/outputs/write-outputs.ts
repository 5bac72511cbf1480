import { join } from 'node:path';
import type { ProgressEvent } from '../../../events.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { formatPlatform } from '../../../platform.ts';
import type { Reference } from '../../../reference.ts';
import type { PushDeps } from '../../push.ts';
import type { BuiltImage, ResultContext } from '../built-image.ts';
import { nameResult } from './image-output.ts';
import type { writeOutput } from './output-file.ts';
import type { FileOutput, OutputPlan } from './output-plan.ts';

type Images = readonly [BuiltImage, ...BuiltImage[]];

/**
 * Puts a build's result where it is to go: files first, then names, so that nothing has a new name when a file could
 * not be written, then pushes. Returns what the names point to, or an archive's index has; `undefined` where no image
 * was asked for.
 */
export async function writeOutputs(
  context: ResultContext,
  images: Images,
  plan: OutputPlan,
  transfer: () => Promise<PushDeps>,
): Promise<Descriptor | undefined> {
  let target: Descriptor | undefined;
  for (const output of plan.files) {
    const message = `exporting to ${output.kind}`;
    context.emit({ kind: 'build-export', message, isDone: false });
    target = (await writeFiles(context, images, output)) ?? target;
    context.emit({ kind: 'build-export', message, isDone: true });
  }
  if (!plan.isNamed) return target;
  target = await nameResult(context, images, plan.names);
  for (const ref of plan.names) context.emit({ kind: 'build-tagged', ref });
  for (const ref of plan.pushed) target = await pushed(context, ref, await transfer());
  return target;
}

/** Returns what an archive's index has. What writes each kind is loaded for it: most builds only make an image. */
async function writeFiles(
  context: ResultContext,
  images: Images,
  output: FileOutput,
): Promise<Descriptor | undefined> {
  const placed = images.map((image) => ({
    image,
    // BuildKit's names for the directories of several platforms.
    ...(images.length > 1 && { folder: formatPlatform(image.platform).replaceAll('/', '_') }),
  }));
  switch (output.kind) {
    case 'local': {
      const { writeLocal } = await import('./local-output.ts');
      for (const { image, folder = '' } of placed)
        await writeLocal(context, image, join(output.path, folder));
      return undefined;
    }
    case 'tar': {
      const { filesAsTar } = await import('./tar-output.ts');
      await writeTo(output.to, filesAsTar(context, placed), context.signal);
      return undefined;
    }
    case 'oci':
    case 'docker': {
      const { kind, names } = output;
      const { resultArchive } = await import('./archive-output.ts');
      const { archive, target } = await resultArchive(context, images, { kind, names });
      await writeTo(output.to, archive, context.signal);
      return target;
    }
  }
}

async function writeTo(...[to, bytes, signal]: Parameters<typeof writeOutput>): Promise<void> {
  const { writeOutput } = await import('./output-file.ts');
  await writeOutput(to, bytes, signal);
}

async function pushed({ emit, signal }: ResultContext, ref: Reference, deps: PushDeps): Promise<Descriptor> {
  const onProgress = (event: ProgressEvent) => emit({ kind: 'build-push', ref, event });
  const { push } = await import('../../push.ts');
  const { target } = await push(deps, { ref }, { signal, onProgress });
  return target;
}
