/** The version of podman's API whose shapes are answered. */
export const LIBPOD_VERSION = '4.3.1';
/** The oldest version that clients may ask for; podman's client refuses a service that is newer than itself. */
export const MIN_LIBPOD_VERSION = '4.0.0';
