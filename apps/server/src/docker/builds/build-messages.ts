import { StringDecoder } from 'node:string_decoder';
import {
  type BuildEvent,
  humanSize,
  isLine,
  isStepEvent,
  lineText,
  progressBar,
  type StepEvent,
  StepOrder,
  stepTexts,
} from '@wherry/core';
import type { JsonStream } from '../wire/json-stream.ts';
import { PullMessages } from '../wire/progress-messages.ts';

const RED = '\x1b[91m';
const RESET = '\x1b[0m';
const BAR_COLUMNS = 200;

/**
 * Sends how a build gets on in the words of Docker's classic builder, step after step, whatever runs at the same
 * time.
 */
export class BuildMessages {
  readonly #stream: Pick<JsonStream, 'send'>;
  readonly #order: StepOrder;
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  #pull: PullMessages | undefined;

  constructor(stream: Pick<JsonStream, 'send'>) {
    this.#stream = stream;
    this.#order = new StepOrder({
      print: (event) => this.#step(event),
      tellOfDropped: (bytes) =>
        this.#say(
          `[the first ${humanSize(bytes)} of output, printed before the turn of this step, were not kept]\n`,
        ),
    });
  }

  add(event: BuildEvent): void {
    if (isStepEvent(event)) this.#order.add(event);
    else if (event.kind === 'build-notice') this.#say(`${RED}${event.text}${RESET}`);
    else if (event.kind === 'build-download') this.#download(event);
    else if (isLine(event)) {
      if (event.kind === 'built') this.#stream.send({ aux: { ID: event.id } });
      this.#say(`${lineText(event)}\n`);
    }
  }

  /** Sends what was kept back, of a step that failed last. */
  flush(): void {
    this.#order.flush();
  }

  #say(text: string): void {
    this.#stream.send({ stream: text });
  }

  #step(event: StepEvent): void {
    if (event.kind === 'build-pull') {
      this.#pull ??= new PullMessages(this.#stream);
      this.#pull.add(event.event);
      return;
    }
    if (event.kind !== 'build-step-failed') this.#pull?.finishTag();
    this.#pull = undefined;
    if (event.kind === 'build-output') this.#output(event);
    else for (const text of stepTexts(event)) this.#say(text);
  }

  #output({ chunk, stream }: Extract<StepEvent, { readonly kind: 'build-output' }>): void {
    const text = this.#decoders[stream].write(Buffer.from(chunk));
    if (text !== '') this.#say(stream === 'stderr' ? `${RED}${text}${RESET}` : text);
  }

  #download({ current, total, url }: Extract<BuildEvent, { readonly kind: 'build-download' }>): void {
    const progressDetail = { current, ...(total !== undefined && { total }) };
    const progress = progressBar(progressDetail, BAR_COLUMNS);
    this.#stream.send(
      { status: url, progressDetail, progress, id: 'Downloading context' },
      { fleeting: true },
    );
  }
}
