import type { VolumeInfo } from '@wherry/core';
import { type Listing, RAW, TABLE } from '../listing.ts';

/** What is known of volumes in a cluster alone, or in `system df`. */
const NOT_AVAILABLE = () => 'N/A';

/** The list of volumes. docker/cli, `formatter.volumeContext`. */
export const VOLUME_LISTING: Listing<VolumeInfo> = {
  goType: 'formatter.volumeContext',
  fields: {
    Availability: NOT_AVAILABLE,
    Driver: () => 'local',
    Group: NOT_AVAILABLE,
    Labels: ({ labels }) =>
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .sort()
        .join(','),
    Links: NOT_AVAILABLE,
    Mountpoint: ({ mountpoint }) => mountpoint,
    Name: ({ name }) => name,
    Scope: () => 'local',
    Size: NOT_AVAILABLE,
    Status: NOT_AVAILABLE,
  },
  askedFields: { Label: ({ labels }, name) => labels[name] ?? '' },
  headings: {
    Availability: 'AVAILABILITY',
    Driver: 'DRIVER',
    Group: 'GROUP',
    Labels: 'LABELS',
    Links: 'LINKS',
    Mountpoint: 'MOUNTPOINT',
    Name: 'VOLUME NAME',
    Scope: 'SCOPE',
    Size: 'SIZE',
    Status: 'STATUS',
  },
  table: ['Driver', 'Name'],
};

/** The format of a list of volumes in full. docker/cli, `formatter.NewVolumeFormat`. */
export function volumeFormat(source: string, { quiet }: { readonly quiet: boolean }): string {
  if (source === TABLE) return quiet ? '{{.Name}}' : TABLE;
  if (source !== RAW) return source;
  return quiet ? 'name: {{.Name}}' : 'name: {{.Name}}\ndriver: {{.Driver}}\n';
}
