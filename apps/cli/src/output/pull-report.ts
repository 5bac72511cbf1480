import { formatReference, type ProgressEvent, type Reference, repositoryOf } from '@wherry/core';
import type { ProgressDisplay } from './progress.ts';

/** The lines of a pull; with `--all-tags` a group of lines for each tag. */
export class PullReport {
  readonly #display: ProgressDisplay;
  #digest: string | undefined;
  isBegun = false;

  constructor(display: ProgressDisplay) {
    this.#display = display;
  }

  add(event: ProgressEvent): void {
    if (event.kind === 'layer') this.#display.layer(event);
    else if (event.kind === 'warning') this.#display.warning(event.message);
    else if (event.kind === 'verified')
      this.#display.line(`${shownTag(event.ref)}: Verified by ${event.keyName}`);
    else if (event.kind === 'resolved') {
      this.finishTag();
      const { ref, target } = event;
      this.#display.line(`${shownTag(ref)}: Pulling from ${ref.path}`);
      this.#digest = target.digest;
      this.isBegun = true;
    }
  }

  finishTag(): void {
    if (this.#digest !== undefined) this.#display.line(`Digest: ${this.#digest}`);
    this.#digest = undefined;
  }
}

function shownTag(ref: Reference): string | undefined {
  return ref.digest === undefined ? ref.tag : formatReference(withoutTag(ref));
}

/** The name that counts: a digest makes the tag beside it idle. */
export function withoutTag(ref: Reference): Reference {
  return ref.digest === undefined ? ref : { ...repositoryOf(ref), digest: ref.digest };
}
