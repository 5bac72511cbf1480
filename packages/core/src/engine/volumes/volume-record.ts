import { WherryError } from '../../errors.ts';

/** What is kept of a volume, as JSON beside its data. */
export interface VolumeRecord {
  readonly name: string;
  /** RFC 3339 with whole seconds. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The ID of the container that it was made for without a name. */
  readonly madeFor?: string;
}

/** Docker's mark of a volume that nobody gave a name, which `volume prune` takes. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** A file's name has 255 bytes, and the places of a volume in the making or on its way out have longer ones. */
const MAX_NAME_CHARS = 250;

export function isVolumeName(text: string): boolean {
  return NAME.test(text) && text.length <= MAX_NAME_CHARS;
}

/** Throws `INVALID_ARGUMENT` in Docker's words for what cannot be a volume's name. */
export function requireVolumeName(text: string): void {
  if (isVolumeName(text)) return;
  throw new WherryError('INVALID_ARGUMENT', `create ${text}: ${nameFault(text)}`, {
    details: { volume: text },
  });
}

function nameFault(text: string): string {
  if (text.length === 1)
    return 'volume name is too short, names should be at least two alphanumeric characters';
  if (NAME.test(text))
    return `volume name is too long: ${text.length} characters, want ${MAX_NAME_CHARS} at most`;
  return `${JSON.stringify(text)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`;
}

export interface NewVolume {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly isAnonymous?: boolean;
  readonly madeFor?: string;
  readonly now: Date;
}

export function newVolumeRecord({ name, labels, isAnonymous, madeFor, now }: NewVolume): VolumeRecord {
  return {
    name,
    createdAt: wholeSeconds(now),
    labels: { ...labels, ...(isAnonymous && { [ANONYMOUS_LABEL]: '' }) },
    ...(madeFor !== undefined && { madeFor }),
  };
}

export function isAnonymous({ labels }: Pick<VolumeRecord, 'labels'>): boolean {
  return Object.hasOwn(labels, ANONYMOUS_LABEL);
}

export function formatVolumeRecord({ name: _, ...kept }: VolumeRecord): string {
  return `${JSON.stringify(kept)}\n`;
}

/** `undefined`: the text is no record. */
export function parseVolumeRecord(name: string, text: string): VolumeRecord | undefined {
  const kept = parseObject(text);
  if (kept === undefined || typeof kept.createdAt !== 'string') return undefined;
  if (typeof kept.labels !== 'object' || kept.labels === null) return undefined;
  const labels = Object.entries(kept.labels).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const { createdAt, madeFor } = kept;
  return {
    ...{ name, createdAt, labels: Object.fromEntries(labels) },
    ...(typeof madeFor === 'string' && { madeFor }),
  };
}

/** The record of a volume whose own is lost. */
export function guessedRecord(name: string, changedAt: Date): VolumeRecord {
  return { name, createdAt: wholeSeconds(changedAt), labels: {} };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
