import type { Digest } from '../digest.ts';

/** The diffID of a tar without entries, which is no layer to Docker. */
export const EMPTY_DIFF_ID =
  'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef' as Digest;
