import { WherryError } from '../errors.ts';

const GIB = 1024 ** 3;
const BOMB_FROM_BYTES = GIB;
/** deflate cannot pass 1,032; what does and is large is made to fill disks. */
const BOMB_RATIO = 1200;

/** Most bytes that a layer's tar may have, unless said. */
export const MAX_TAR_BYTES = 256 * GIB;

/** Throws `TOO_LARGE` when `tarBytes` out of `blobBytes` are beyond the limit, or beyond belief. */
export function checkInflation(tarBytes: number, blobBytes: number, maxTarBytes: number): void {
  if (tarBytes > maxTarBytes)
    throw new WherryError('TOO_LARGE', `layer unpacks to more than ${maxTarBytes} bytes`);
  if (tarBytes > BOMB_FROM_BYTES && tarBytes > blobBytes * BOMB_RATIO)
    throw new WherryError('TOO_LARGE', `layer of ${blobBytes} bytes inflates without end`);
}
