import { readFile } from 'node:fs/promises';
import {
  availableParallelism,
  hostname,
  machine,
  version as osVersion,
  release,
  totalmem,
  type,
} from 'node:os';
import type { Platform } from '../platform.ts';
import type { SystemInfo } from './engine.ts';
import type { Store } from './store/store.ts';
import { VERSION } from './version.ts';

export interface InfoDeps {
  readonly store: Store;
  readonly host: Platform;
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly configFile: string;
}

/** Tells what this wherry is, where its store is, and on what it runs. */
export async function info(deps: InfoDeps): Promise<SystemInfo> {
  const { store } = deps;
  return {
    version: VERSION,
    root: store.root,
    images: store.metadata.listImages().length,
    hashEngine: store.hashEngine(),
    nodeVersion: process.versions.node,
    sqliteVersion: process.versions.sqlite ?? '',
    platform: deps.host,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    hostname: hostname(),
    operatingSystem: (await distributionName()) ?? `${type()} ${osVersion()}`,
    kernelVersion: release(),
    architecture: machine(),
    registryMirrors: deps.registryMirrors,
    insecureRegistries: deps.insecureRegistries,
    configFile: deps.configFile,
  };
}

/** The name a Linux distribution gives itself. os-release(5). */
async function distributionName(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1];
}
