import { section } from '../settings/section.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** `[gc]`: when what nothing needs is collected. */
export interface GcSettings {
  /** Time from one collection to the next, in ms; 0: never. */
  readonly interval: number;
  /** Manifests without a tag stay in their repositories. */
  readonly keepUntagged: boolean;
  /** How long what was collected can be brought back, in ms. */
  readonly trashGrace: number;
  /** Uploads that nobody has gone on with for so long are forgotten, in ms. */
  readonly uploadMaxAge: number;
}

/** `[[retention.rule]]`: which tags stay. */
export interface RetentionRuleSettings {
  /** Repositories at and below it; the longest that fits counts. */
  readonly prefix: string;
  readonly keepNewest?: number | undefined;
  /** In ms. */
  readonly keepNewerThan?: number | undefined;
  readonly keepMatching: readonly string[];
  readonly pinned: readonly string[];
}

/** `[retention]`, applied before each collection. */
export interface RetentionSettings {
  readonly rule: readonly RetentionRuleSettings[];
}

/** `[[quota.limit]]`: how many bytes the repositories at and below a prefix may take together. */
export interface QuotaLimitSettings {
  readonly prefix: string;
  readonly bytes: number;
}

/** `[quota]`. */
export interface QuotaSettings {
  readonly limit: readonly QuotaLimitSettings[];
}

/** `[[webhook.endpoint]]`: who is told of what. */
export interface WebhookEndpointSettings {
  readonly name: string;
  readonly url: string;
  /** Signs what is sent; absent: nothing is signed. */
  readonly secret?: string | undefined;
  /** Of `push`, `pull` and `delete`; empty: all. */
  readonly actions: readonly string[];
  /** Of `manifest` and `blob`; empty: manifests. */
  readonly events: readonly string[];
  /** Patterns; empty: every repository. */
  readonly repositories: readonly string[];
  /** For one attempt, in ms. */
  readonly timeout: number;
  readonly maxWaiting: number;
}

/** `[webhook]`. */
export interface WebhookSettings {
  readonly endpoint: readonly WebhookEndpointSettings[];
}

/** What housekeeping is told by the settings file. */
export interface HousekeepingSettings {
  readonly gc: GcSettings;
  readonly retention: RetentionSettings;
  readonly quota: QuotaSettings;
  readonly webhook: WebhookSettings;
}

export const DEFAULT_GC_SETTINGS: GcSettings = {
  interval: DAY_MS,
  keepUntagged: true,
  trashGrace: DAY_MS,
  uploadMaxAge: DAY_MS,
};

export const DEFAULT_HOUSEKEEPING_SETTINGS: HousekeepingSettings = {
  gc: DEFAULT_GC_SETTINGS,
  retention: { rule: [] },
  quota: { limit: [] },
  webhook: { endpoint: [] },
};

const PREFIX_DOC = 'Repositories at and below it, such as "team"; "*" for all. The longest that fits counts.';

/** What each key of `[gc]` means. */
export const GC_SECTION = section({
  name: 'gc',
  doc: 'Collection of what nothing needs any more. It runs while the service serves.',
  fields: {
    interval: {
      kind: 'duration',
      reloadable: true,
      default: DEFAULT_GC_SETTINGS.interval,
      doc: 'Time from one collection to the next, such as "24h"; "0s" for never.',
    },
    keepUntagged: {
      kind: 'boolean',
      reloadable: true,
      default: DEFAULT_GC_SETTINGS.keepUntagged,
      doc: 'Whether manifests without a tag stay. Where they do not, one goes that no tag leads to, through an index or from the manifest it is about.',
    },
    trashGrace: {
      kind: 'duration',
      reloadable: true,
      default: DEFAULT_GC_SETTINGS.trashGrace,
      doc: 'How long collected content rests in the trash, from where a push or a read brings it back.',
    },
    uploadMaxAge: {
      kind: 'duration',
      reloadable: true,
      default: DEFAULT_GC_SETTINGS.uploadMaxAge,
      doc: 'Uploads that nobody has gone on with for so long are forgotten.',
    },
  },
});

/** What each key of `[retention]` means. */
export const RETENTION_SECTION = section({
  name: 'retention',
  doc: 'Which tags stay. Applied before each collection; see "wherry serve retention --dry-run".',
  fields: {
    rule: {
      kind: 'table-array',
      reloadable: true,
      doc: 'A tag stays when one of its keys speaks for it. Repositories that no rule fits keep every tag.',
      fields: {
        prefix: { kind: 'string', required: true, doc: PREFIX_DOC },
        keepNewest: { kind: 'integer', min: 0, max: 1_000_000, doc: 'So many tags of each repository.' },
        keepNewerThan: { kind: 'duration', doc: 'Tags that were pushed within this time, such as "720h".' },
        keepMatching: { kind: 'list', doc: 'Tags that fit one of these patterns, such as "v*".' },
        pinned: { kind: 'list', doc: 'Tags that are never touched, and do not count among the newest.' },
      },
    },
  },
});

/** What each key of `[quota]` means. */
export const QUOTA_SECTION = section({
  name: 'quota',
  doc: 'How much repositories may take. A push that would take more is refused.',
  fields: {
    limit: {
      kind: 'table-array',
      reloadable: true,
      doc: 'Each distinct blob counts once, and so do uploads that are open. Every limit that fits holds.',
      fields: {
        prefix: { kind: 'string', required: true, doc: 'Repositories at and below it; "*" for all.' },
        bytes: { kind: 'size', required: true, doc: 'How much they may take together, such as "50GB".' },
      },
    },
  },
});

/** What each key of `[webhook]` means. */
export const WEBHOOK_SECTION = section({
  name: 'webhook',
  doc: "Who is told of pushes, pulls and deletes, in the form of distribution's notifications.",
  fields: {
    endpoint: {
      kind: 'table-array',
      reloadable: true,
      doc: 'What happened is told at least once, in order. What cannot be told waits, also for a restart.',
      fields: {
        name: { kind: 'string', required: true, doc: 'Names the queue; a new name begins anew.' },
        url: {
          kind: 'string',
          required: true,
          check: checkUrl,
          doc: 'Gets a POST. Redirects are not followed.',
        },
        secret: {
          kind: 'string',
          secret: true,
          doc: 'Signs what is sent: "X-Wherry-Signature: sha256=HEX" is the HMAC of X-Wherry-Timestamp, a dot and the body.',
        },
        actions: {
          kind: 'list',
          check: checkAction,
          doc: 'Of "push", "pull" and "delete"; none: all three.',
        },
        events: {
          kind: 'list',
          choices: ['manifest', 'blob'],
          default: ['manifest'],
          doc: 'What they are about: "manifest", "blob". An image has many blobs, so that those are told where asked for alone.',
        },
        repositories: { kind: 'list', doc: 'Patterns such as "team/*"; none: every repository.' },
        timeout: { kind: 'duration', default: 10_000, min: 1, doc: 'For one attempt.' },
        maxWaiting: {
          kind: 'integer',
          min: 1,
          max: 10_000_000,
          default: 10_000,
          doc: 'So many events wait at most; the oldest are dropped, with a warning.',
        },
      },
    },
  },
});

function checkUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? undefined : 'want an http or https URL';
}

function checkAction(text: string): string | undefined {
  return ['push', 'pull', 'delete'].includes(text) ? undefined : 'want "push", "pull" or "delete"';
}

/** A prefix as rules have it: `*` and nothing stand for all, a slash at the end for nothing. */
export function prefixOf(text: string): string {
  return text.replace(/\/?\*?$/, '').replace(/\/+$/, '');
}
