import type { NamedContext } from '../../build-request.ts';

export type LayoutContext = Extract<NamedContext, { kind: 'layout' }>;

/** What messages call it; no reference has this form. */
export function layoutText({ path, tag, digest }: LayoutContext): string {
  return `oci-layout://${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
