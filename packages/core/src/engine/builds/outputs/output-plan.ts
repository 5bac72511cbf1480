import { WherryError } from '../../../errors.ts';
import { formatReference, type Reference } from '../../../reference.ts';
import type { BuildOutput, BuildRequest } from '../../build-request.ts';
import { tagTarget } from '../../tag.ts';

export type FileOutput = Exclude<BuildOutput, { kind: 'image' }>;

/** What is to become of a build's result. */
export interface OutputPlan {
  /** In the order of the request; archives with all the names that they give their image. */
  readonly files: readonly FileOutput[];
  /** What the result is called in the store. */
  readonly names: readonly Reference[];
  /** Those of them that are pushed. */
  readonly pushed: readonly Reference[];
  /** Some output is an image: files alone have no ID. */
  readonly hasImage: boolean;
  /** Some output is an image in the store. */
  readonly isNamed: boolean;
}

/**
 * Settles where a build's result goes, before anything is built. Throws `INVALID_ARGUMENT` for a push without a name
 * and what can be no tag.
 */
export function planOutputs({ tags = [], outputs }: BuildRequest): OutputPlan {
  const given = tags.map(tagTarget);
  if (outputs === undefined) return { files: [], names: given, pushed: [], hasImage: true, isNamed: true };
  const names: Reference[] = [];
  const pushed: Reference[] = [];
  const files: FileOutput[] = [];
  for (const output of outputs) {
    if (output.kind === 'local') {
      files.push(output);
      continue;
    }
    const all = distinct([...given, ...output.names.map(tagTarget)]);
    if (output.kind !== 'image') files.push({ ...output, names: all });
    else {
      names.push(...all);
      if (output.push) pushed.push(...all);
      if (output.push && all.length === 0)
        throw new WherryError('INVALID_ARGUMENT', 'tag is needed when pushing to registry');
    }
  }
  const hasImage = outputs.some(({ kind }) => kind !== 'local' && kind !== 'tar');
  const isNamed = outputs.some(({ kind }) => kind === 'image');
  return { files, names: distinct(names), pushed: distinct(pushed), hasImage, isNamed };
}

function distinct(refs: readonly Reference[]): Reference[] {
  return [...new Map(refs.map((ref) => [formatReference(ref), ref])).values()];
}
