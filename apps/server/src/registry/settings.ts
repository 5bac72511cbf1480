import { type SettingsOf, section } from '../settings/section.ts';

/** What an internal location of nginx may be called, so that neither a header nor a URL needs to escape it. */
const LOCATION = /^(?:\/[\w~-][\w.~-]*)+\/?$/;

export const REGISTRY_SECTION = section({
  name: 'registry',
  doc: 'How the registry and the mirror answer.',
  fields: {
    accelRedirect: {
      kind: 'string',
      reloadable: true,
      check: (text) => (LOCATION.test(text) ? undefined : 'want a path such as "/wherry-store"'),
      doc: 'An internal location of the nginx in front, which sends blobs from the store itself: "X-Accel-Redirect" names a file below it, as "blobs/sha256/…". Absent: the service sends them. Who asks past nginx gets none.',
    },
  },
});
export type RegistrySettings = SettingsOf<typeof REGISTRY_SECTION>;
