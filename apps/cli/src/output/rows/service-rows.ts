import type { StoredToken } from '@wherry/server';
import type { Listing } from '../listing.ts';

/** The list of the service's accounts. */
export const USER_LISTING: Listing<{ readonly name: string }> = {
  goType: 'formatter.userContext',
  fields: { Name: ({ name }) => name },
  headings: { Name: 'NAME' },
  table: ['Name'],
};

/** The list of the service's long-lived tokens. */
export const TOKEN_LISTING: Listing<StoredToken> = {
  goType: 'formatter.tokenContext',
  fields: {
    Allow: ({ allow, engine }) =>
      [
        ...allow.map(({ repositories, rights }) => `${rights.join(',')}:${repositories}`),
        ...(engine ? ['engine'] : []),
      ].join(' '),
    CreatedAt: ({ created }) => created,
    ExpiresAt: ({ expires }) => expires ?? '',
    ID: ({ id }) => id,
    Name: ({ name }) => name,
  },
  headings: { Allow: 'ALLOW', CreatedAt: 'CREATED AT', ExpiresAt: 'EXPIRES AT', ID: 'ID', Name: 'NAME' },
  absent: { ExpiresAt: 'never' },
  table: ['ID', 'Name', 'CreatedAt', 'ExpiresAt', 'Allow'],
};
