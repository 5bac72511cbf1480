import type { ChangeableLimits } from '@wherry/core';
import { ApiError } from '../api-error.ts';
import type { Fields } from './fields.ts';
import { resourceLimits } from './host-limits.ts';
import { refuseKernelMemory, refuseRestart } from './host-refusals.ts';

const UNLIMITED = -1;
/** What a container that is there keeps. Docker's clients send all members, with zeros. */
const FIXED = {
  texts: ['CgroupParent'],
  flags: ['OomKillDisable'],
  lists: [
    ...['BlkioWeightDevice', 'BlkioDeviceReadBps', 'BlkioDeviceWriteBps', 'BlkioDeviceReadIOps'],
    ...['BlkioDeviceWriteIOps', 'Devices', 'DeviceRequests', 'Ulimits'],
  ],
};

/** Maps the body of `POST /containers/{id}/update` to the limits that shall be others. Throws `ApiError`, `UNSUPPORTED`. */
export function updateRequest(body: Fields): ChangeableLimits {
  refuseRestart(body.object('RestartPolicy').text('Name'), false);
  refuseKernelMemory(body);
  refuseFixed(body);
  const limits = resourceLimits(body);
  // Here 0 takes a limit away; what changes nothing is `null`.
  const isUnlimited = body.has('PidsLimit') && body.number('PidsLimit') <= 0;
  return { ...limits, ...(isUnlimited && { pidsLimit: UNLIMITED }) };
}

function refuseFixed(body: Fields): void {
  const set = [
    ...FIXED.texts.filter((name) => body.text(name) !== ''),
    ...FIXED.flags.filter((name) => body.flag(name)),
    ...FIXED.lists.filter((name) => body.objects(name).length > 0),
    ...(body.texts('DeviceCgroupRules').length > 0 ? ['DeviceCgroupRules'] : []),
    ...(body.has('MemorySwappiness') && body.number('MemorySwappiness') >= 0 ? ['MemorySwappiness'] : []),
  ];
  if (set.length === 0) return;
  throw new ApiError(400, `${set.join(', ')} of a container that is there cannot be updated: make it anew`);
}
