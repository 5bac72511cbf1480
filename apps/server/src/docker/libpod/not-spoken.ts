import { ApiError } from '../api-error.ts';

const IMAGES_ALONE =
  "of podman's own API, libpod, only what is about images is supported: use docker, or another client of Docker's Engine API";

/** What is asked of containers, pods and the like: 501, and a line that says so, which podman prints. */
export function notSpoken(): ApiError {
  return new ApiError(501, IMAGES_ALONE);
}
