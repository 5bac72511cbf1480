import {
  familiarName,
  formatReference,
  type LayerPhase,
  type ProgressEvent,
  progressBar,
  type Reference,
  repositoryOf,
  shortId,
} from '@wherry/core';
import type { JsonStream } from './json-stream.ts';

type LayerEvent = Extract<ProgressEvent, { kind: 'layer' }>;
type PhaseWords = Readonly<Partial<Record<LayerPhase, string>>>;

const PULL_WORDS: PhaseWords = {
  waiting: 'Pulling fs layer',
  downloading: 'Downloading',
  verifying: 'Verifying Checksum',
  downloaded: 'Download complete',
  extracting: 'Extracting',
  exists: 'Already exists',
  done: 'Pull complete',
};
const PUSH_WORDS: PhaseWords = {
  waiting: 'Waiting',
  preparing: 'Preparing',
  pushing: 'Pushing',
  pushed: 'Pushed',
  exists: 'Layer already exists',
  mounted: 'Mounted from',
};
const LOAD_WORDS: PhaseWords = { loading: 'Loading layer' };

/** Terminals are of any width: the client draws anew what it can. */
const BAR_COLUMNS = 200;
/** A layer's bar moves this often at most. */
const REDRAW_MS = 100;

/** Sends how layers get on, in the words of one operation. */
class LayerMessages {
  readonly #stream: Pick<JsonStream, 'send'>;
  readonly #words: PhaseWords;
  readonly #shown = new Map<string, { readonly phase: LayerPhase; readonly at: number }>();

  constructor(stream: Pick<JsonStream, 'send'>, words: PhaseWords) {
    this.#stream = stream;
    this.#words = words;
  }

  layer(event: LayerEvent): void {
    const word = this.#words[event.phase];
    if (word === undefined) return;
    const { current, total, digest, phase } = event;
    const shown = this.#shown.get(digest);
    const isMoving = current !== undefined && total !== undefined;
    const isComplete = isMoving && current >= total;
    const now = Date.now();
    if (shown?.phase === phase && !isComplete && (!isMoving || now - shown.at < REDRAW_MS)) return;
    this.#shown.set(digest, { phase, at: now });
    const status = phase === 'mounted' ? `${word} ${event.mountedFrom ?? ''}` : word;
    this.#stream.send(
      { status, ...progressOf(event), id: shortId(digest) },
      { fleeting: isMoving && !isComplete },
    );
  }
}

function progressOf({ current, total }: LayerEvent) {
  if (current === undefined || total === undefined) return { progressDetail: {} };
  return { progressDetail: { current, total }, progress: progressBar({ current, total }, BAR_COLUMNS) };
}

/** Sends what a pull does; with all tags a group of messages for each. */
export class PullMessages {
  readonly #stream: Pick<JsonStream, 'send'>;
  #layers: LayerMessages;
  #digest: string | undefined;

  constructor(stream: Pick<JsonStream, 'send'>) {
    this.#stream = stream;
    this.#layers = new LayerMessages(stream, PULL_WORDS);
  }

  add(event: ProgressEvent): void {
    if (event.kind === 'layer') this.#layers.layer(event);
    else if (event.kind === 'warning') this.#stream.send({ status: `WARNING: ${event.message}` });
    else if (event.kind === 'resolved') {
      this.finishTag();
      // Of each tag, everything is told anew.
      this.#layers = new LayerMessages(this.#stream, PULL_WORDS);
      const { ref, target } = event;
      this.#stream.send({ status: `Pulling from ${ref.path}`, id: shownTag(ref) });
      this.#digest = target.digest;
    }
  }

  finishTag(): void {
    if (this.#digest !== undefined) this.#stream.send({ status: `Digest: ${this.#digest}` });
    this.#digest = undefined;
  }
}

function shownTag(ref: Reference): string | undefined {
  return ref.digest === undefined ? ref.tag : formatReference({ ...repositoryOf(ref), digest: ref.digest });
}

/** Sends what a push does. */
export function pushMessages(stream: Pick<JsonStream, 'send'>): (event: ProgressEvent) => void {
  const layers = new LayerMessages(stream, PUSH_WORDS);
  return (event) => {
    if (event.kind === 'layer') layers.layer(event);
    else if (event.kind === 'warning') stream.send({ status: `WARNING: ${event.message}` });
    else if (event.kind === 'tag-pushed') {
      const { ref, target } = event;
      stream.send({ status: `${ref.tag}: digest: ${target.digest} size: ${target.size}` });
      stream.send({
        progressDetail: {},
        aux: { Tag: ref.tag, Digest: target.digest, Size: target.size },
      });
    }
  };
}

/** Sends what a load does; `quiet`: only what was loaded. */
export function loadMessages(
  stream: Pick<JsonStream, 'send'>,
  { quiet }: { readonly quiet: boolean },
): (event: ProgressEvent) => void {
  const layers = new LayerMessages(stream, LOAD_WORDS);
  return (event) => {
    if (event.kind === 'layer' && !quiet) layers.layer(event);
    else if (event.kind === 'image-loaded')
      stream.send({
        stream:
          event.ref === undefined
            ? `Loaded image ID: ${event.id}\n`
            : `Loaded image: ${familiarName(event.ref)}\n`,
      });
  };
}
