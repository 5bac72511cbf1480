export interface ByteRange {
  readonly start: number;
  /** Exclusive; absent: to the end. */
  readonly end?: number;
}
