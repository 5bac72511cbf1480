import { formatReference, parseReference, repositoryOf } from '@wherry/core';

/** A name with its registry: podman's client prints names as they come. */
export function fullName(name: string): string {
  return formatReference(parseReference(name));
}

/** A full name's repository and tag. */
export function splitTag(name: string): readonly [repository: string, tag: string] {
  const ref = parseReference(name);
  return [formatReference(repositoryOf(ref)), ref.tag ?? ''];
}

/** An image's ID as podman has it, without its algorithm. */
export function bareId(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}
