import { type Digest, shortId } from '../digest.ts';
import { formatPlatform } from '../platform.ts';
import { familiarName } from '../reference.ts';
import type { BuildEvent } from './build-event.ts';
import type { StepEvent } from './step-event.ts';

const CONTAINER_ID_CHARS = 12;

/** `[linux/arm64] `, in a build for several platforms. */
export function platformPrefix({ platform }: BuildEvent): string {
  return platform === undefined ? '' : `[${formatPlatform(platform)}] `;
}

/** What becomes a line, and is of no step. */
export type LineEvent = Extract<
  BuildEvent,
  { readonly kind: 'build-export' | 'build-tagged' | 'build-warning' | 'built' }
>;

/** Whether there is a line for it. */
export function isLine(event: BuildEvent): event is LineEvent {
  const { kind } = event;
  if (kind === 'build-export') return !event.isDone;
  return kind === 'build-tagged' || kind === 'build-warning' || kind === 'built';
}

/** A line in the words of Docker's classic builder. */
export function lineText(event: LineEvent): string {
  switch (event.kind) {
    case 'build-warning':
      return `[Warning] ${platformPrefix(event)}${event.message}`;
    case 'build-export':
      return event.message;
    case 'built':
      return `${platformPrefix(event)}Successfully built ${shortId(event.id)}`;
    case 'build-tagged':
      return `Successfully tagged ${familiarName(event.ref)}`;
  }
}

/** What Docker's classic builder says of a step, in lines with their ends. */
export function stepTexts(
  event: Exclude<StepEvent, { readonly kind: 'build-output' | 'build-pull' }>,
): readonly string[] {
  switch (event.kind) {
    case 'build-step': {
      const { number, text, total } = event.step;
      return [`Step ${number}/${total} : ${platformPrefix(event)}${text}`, '\n'];
    }
    case 'build-triggers':
      return [`# Executing ${event.count} build trigger${event.count === 1 ? '' : 's'}\n`];
    case 'build-step-cached':
      return [' ---> Using cache\n', ...explained(event), imageLine(event.image)];
    case 'build-step-runs':
      return [...explained(event), ` ---> Running in ${event.id.slice(0, CONTAINER_ID_CHARS)}\n`];
    case 'build-step-done':
      return [...explained(event), ...removalLines(event.id), imageLine(event.image)];
    case 'build-step-failed':
      return [];
  }
}

function explained({ explanation }: { readonly explanation?: string }): string[] {
  return explanation === undefined ? [] : [` ---- ${explanation}\n`];
}

function removalLines(id: string | undefined): string[] {
  return id === undefined ? [] : [`Removing intermediate container ${id.slice(0, CONTAINER_ID_CHARS)}\n`];
}

function imageLine(image: Digest | undefined): string {
  return ` ---> ${image === undefined ? '' : shortId(image)}\n`;
}
