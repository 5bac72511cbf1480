import { familiarName, type LoadedImage } from '@wherry/core';
import type { Listing } from '../listing.ts';

/** The images that came from an archive, a row for each of their names. */
export const LOADED_LISTING: Listing<LoadedImage> = {
  goType: 'formatter.loadedContext',
  fields: {
    ID: ({ id }) => id,
    Name: ({ ref }) => (ref === undefined ? '' : familiarName(ref)),
  },
  headings: { ID: 'IMAGE ID', Name: 'NAME' },
  absent: { Name: '<none>' },
  table: ['Name', 'ID'],
};
