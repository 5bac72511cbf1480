import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isErrno } from '@wherry/core';
import { isZeroTime } from './human.ts';

/** Where the time zone database lies, and the zone of the machine, on all systems that have them. */
const ZONE_FILES = '/usr/share/zoneinfo';
const LOCAL_ZONE = '/etc/localtime';

/**
 * A printer of times as Go's `Time.String` writes them in the local zone: `2021-08-31 01:20:48 +0000 UTC`. It
 * looks the zone up once.
 */
export function goTimePrinter(): (date: Date | undefined) => string {
  let names: ReadonlyMap<number, string> | undefined;
  return (date) => {
    if (isZeroTime(date)) return '0001-01-01 00:00:00 +0000 UTC';
    names ??= zoneNames();
    const east = -date.getTimezoneOffset();
    const local = new Date(date.getTime() + east * 60_000).toISOString();
    const offset = offsetText(east);
    const name = names.get(east) ?? (east === 0 ? 'UTC' : offset.replace(/00$/, ''));
    return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offset} ${name}`;
  };
}

function offsetText(east: number): string {
  const minutes = Math.abs(east);
  const digits = Math.trunc(minutes / 60) * 100 + (minutes % 60);
  return `${east < 0 ? '-' : '+'}${String(digits).padStart(4, '0')}`;
}

/** `CET-1CEST,M3.5.0,M10.5.0/3`, `<-03>3`: names with hours west of UTC. RFC 9636, section 3.3. */
const NAME_AND_OFFSET = /(?<name><[^>]+>|[A-Za-z]+)(?:(?<sign>[+-]?)(?<hours>\d+)(?::(?<minutes>\d+))?)?/g;

/** What the zone calls its times, standard and summer's, by minutes east of UTC. */
function zoneNames(): ReadonlyMap<number, string> {
  const zone = process.env.TZ?.replace(/^:/, '');
  const [rule = ''] =
    readZone(zone === undefined ? LOCAL_ZONE : resolve(ZONE_FILES, zone))
      ?.split('\n')
      .at(-2)
      ?.split(',') ?? [];
  const names = new Map<number, string>();
  // Summer time without an offset is an hour ahead of standard time.
  let next: number | undefined;
  for (const { groups = {} } of rule.matchAll(NAME_AND_OFFSET)) {
    const { name = '', sign, hours, minutes = 0 } = groups;
    const east =
      hours === undefined ? next : (sign === '-' ? 1 : -1) * (Number(hours) * 60 + Number(minutes));
    if (east === undefined) continue;
    names.set(east, name.replace(/[<>]/g, ''));
    next = east + 60;
  }
  return names;
}

/** The end of a file of the database is text. */
function readZone(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR')) return undefined;
    throw error;
  }
}
