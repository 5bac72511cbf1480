import {
  type ContainerSummary,
  commandText,
  containerStatusText,
  humanAge,
  isDigest,
  shortId,
} from '@wherry/core';
import { goTimePrinter } from '../go-time.ts';
import { shortSize } from '../human.ts';
import { IDS, type Listing, RAW, TABLE } from '../listing.ts';

export interface ContainerListOptions {
  readonly noTrunc: boolean;
  /** `--size`: a column of the table. */
  readonly size: boolean;
  readonly now: Date;
}

const SHORT_ID_CHARS = 12;
const COMMAND_CHARS = 20;
const MOUNT_CHARS = 15;

/** The list of containers. docker/cli, `formatter.ContainerContext`. */
export function containerListing({ noTrunc, size, now }: ContainerListOptions): Listing<ContainerSummary> {
  const goTime = goTimePrinter();
  const created = ({ container }: ContainerSummary) => new Date(container.createdAt);
  return {
    goType: 'formatter.ContainerContext',
    fields: {
      Command: ({ container }) => JSON.stringify(shownCommand(container.argv, noTrunc)),
      CreatedAt: (row) => goTime(created(row)),
      ID: ({ container }) => (noTrunc ? container.id : container.id.slice(0, SHORT_ID_CHARS)),
      Image: ({ image }) => (noTrunc ? image : shownImage(image)),
      Labels: ({ container }) =>
        Object.entries(container.labels)
          .map(([name, value]) => `${name}=${value}`)
          .sort()
          .join(','),
      LocalVolumes: ({ container }) =>
        String((container.options.mounts ?? []).filter(({ type }) => type === 'volume').length),
      Mounts: ({ container }) => mountsText(container.options.mounts ?? [], noTrunc),
      Names: ({ container }) => container.name,
      Networks: ({ container }) => container.options.network ?? 'none',
      Ports: () => '',
      RunningFor: (row) => humanAge(created(row), now),
      Size: ({ sizes }) =>
        sizes ? `${shortSize(sizes.changedBytes)} (virtual ${shortSize(sizes.totalBytes)})` : '0B',
      State: ({ container }) => container.state.status,
      Status: ({ container }) => containerStatusText(container.state, now),
    },
    askedFields: { Label: ({ container }, name) => container.labels[name] ?? '' },
    headings: {
      Command: 'COMMAND',
      CreatedAt: 'CREATED AT',
      ID: 'CONTAINER ID',
      Image: 'IMAGE',
      Labels: 'LABELS',
      LocalVolumes: 'LOCAL VOLUMES',
      Mounts: 'MOUNTS',
      Names: 'NAMES',
      Networks: 'NETWORKS',
      Ports: 'PORTS',
      RunningFor: 'CREATED',
      Size: 'SIZE',
      State: 'STATE',
      Status: 'STATUS',
    },
    table: [
      ...['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'],
      ...(size ? ['Size'] : []),
    ],
  };
}

/** The format of a list of containers in full. docker/cli, `formatter.NewContainerFormat`. */
export function containerFormat(
  source: string,
  { quiet, size }: { readonly quiet: boolean; readonly size: boolean },
): string {
  if (source === TABLE) return quiet ? IDS : TABLE;
  if (source !== RAW) return source;
  if (quiet) return 'container_id: {{.ID}}';
  return [
    ...['container_id: {{.ID}}', 'image: {{.Image}}', 'command: {{.Command}}', 'created_at: {{.CreatedAt}}'],
    ...['state: {{.State}}', 'status: {{.Status}}', 'names: {{.Names}}', 'labels: {{.Labels}}'],
    ...['ports: {{.Ports}}', ...(size ? ['size: {{.Size}}'] : []), ''],
  ].join('\n');
}

function shownCommand(argv: readonly string[], noTrunc: boolean): string {
  const text = commandText(argv);
  return noTrunc ? text : ellipsis(text, COMMAND_CHARS);
}

function shownImage(image: string): string {
  return isDigest(image) ? shortId(image) : image;
}

type Mounts = NonNullable<ContainerSummary['container']['options']['mounts']>;

function mountsText(mounts: Mounts, noTrunc: boolean): string {
  const sources = mounts.flatMap((mount) => {
    if (mount.type === 'volume') return mount.name ?? [];
    return mount.type === 'bind' ? mount.source : [];
  });
  return sources.map((source) => (noTrunc ? source : ellipsis(source, MOUNT_CHARS))).join(',');
}

function ellipsis(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
