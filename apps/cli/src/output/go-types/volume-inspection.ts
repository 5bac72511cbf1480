import { field, type GoType, int64, map, pointer, string, struct } from '@wherry/gotemplate';

const omitEmpty = (type: GoType) => field(type, { omitEmpty: true });
const texts = map(string, string);
/** Neither clusters nor plugins are offered, so that nothing is ever in these. */
const nothing = pointer(struct('volume.ClusterVolume', {}));

/** The type of what `docker volume inspect` evaluates a template on. moby, `api/types/volume`. */
export const volumeInspection = struct('volume.Volume', {
  ClusterVolume: omitEmpty(nothing),
  CreatedAt: omitEmpty(string),
  Driver: string,
  Labels: texts,
  Mountpoint: string,
  Name: string,
  Options: texts,
  Scope: string,
  Status: omitEmpty(texts),
  UsageData: omitEmpty(pointer(struct('volume.UsageData', { RefCount: int64, Size: int64 }))),
});
