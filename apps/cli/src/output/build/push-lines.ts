import { type BuildEvent, formatReference, type Reference, repositoryOf } from '@wherry/core';
import type { Io } from '../../io.ts';
import { openProgress, type ProgressDisplay, PUSH_WORDS } from '../progress.ts';

/** The lines of the pushes at the end of a build, as `push` prints them. */
export class PushLines {
  readonly #io: Io;
  #display: ProgressDisplay | undefined;
  #ref: Reference | undefined;

  constructor(io: Io) {
    this.#io = io;
  }

  add({ ref, event }: Extract<BuildEvent, { readonly kind: 'build-push' }>): void {
    if (this.#display === undefined || this.#ref !== ref) {
      this.#display = openProgress(this.#io, PUSH_WORDS);
      this.#display.line(`The push refers to repository [${formatReference(repositoryOf(ref))}]`);
    }
    this.#ref = ref;
    if (event.kind === 'warning') this.#display.warning(event.message);
    else if (event.kind === 'layer') this.#display.layer(event);
    else if (event.kind === 'tag-pushed')
      this.#display.line(`${ref.tag}: digest: ${event.target.digest} size: ${event.target.size}`);
  }
}
