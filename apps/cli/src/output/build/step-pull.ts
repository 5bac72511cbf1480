import { familiarName, type ProgressEvent, type Reference } from '@wherry/core';
import type { Io } from '../../io.ts';
import { openProgress, type ProgressDisplay, PULL_WORDS } from '../progress.ts';
import { PullReport, withoutTag } from '../pull-report.ts';

/** The lines of the pull for a FROM. */
export class StepPull {
  readonly #io: Io;
  #display: ProgressDisplay | undefined;
  #report: PullReport | undefined;
  #ref: Reference | undefined;
  #hasLayers = false;

  constructor(io: Io) {
    this.#io = io;
  }

  add(event: ProgressEvent): void {
    this.#display ??= openProgress(this.#io, PULL_WORDS);
    this.#report ??= new PullReport(this.#display);
    this.#report.add(event);
    if (event.kind === 'resolved') this.#ref = event.ref;
    else if (event.kind === 'layer') this.#hasLayers = true;
  }

  /** Tells how the pull ended that there was, if there was one. */
  finish(): void {
    this.#report?.finishTag();
    if (this.#ref !== undefined) {
      const status = this.#hasLayers ? 'Downloaded newer image' : 'Image is up to date';
      this.#display?.line(`Status: ${status} for ${familiarName(withoutTag(this.#ref))}`);
    }
    this.abandon();
  }

  /** Forgets the pull: it failed, or nobody waits for it. */
  abandon(): void {
    this.#display = undefined;
    this.#report = undefined;
    this.#ref = undefined;
    this.#hasLayers = false;
  }
}
