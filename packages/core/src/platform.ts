import { WherryError } from './errors.ts';

/** What an image runs on. OCI image-spec v1.1, image-index.md "platform". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

const OS_COMPONENT = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/;
const COMPONENT = /^[A-Za-z0-9_.-]+$/;

const KNOWN_OS = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const KNOWN_ARCHITECTURES = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ' +
    'ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

/** Node's names for processors, where Go's (and so the image world's) differ. */
const ARCHITECTURE_OF_NODE: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

/**
 * Reads `os`, `arch` or `os/arch[/variant]`, names in any spelling that containerd knows; what is left out
 * comes from `host`. Throws `INVALID_PLATFORM` with Docker's message. containerd/platforms v1.0, `Parse`.
 */
export function parsePlatform(text: string, host: Platform): Platform {
  if (text.includes('*')) throw invalid(text, `${JSON.stringify(text)}: wildcards not yet supported`);
  const parts = text.split('/');
  const [first = '', second, third] = parts;
  const os = OS_COMPONENT.exec(first);
  if (os === null)
    throw invalid(
      text,
      `${JSON.stringify(first)} is an invalid OS component of ${JSON.stringify(text)}: ` +
        `OSAndVersion specifier component must match ${JSON.stringify(OS_COMPONENT.source)}`,
    );
  const odd = parts.slice(1).find((part) => !COMPONENT.test(part));
  if (odd !== undefined)
    throw invalid(
      text,
      `${JSON.stringify(odd)} is an invalid component of ${JSON.stringify(text)}: ` +
        `platform specifier component must match ${JSON.stringify(COMPONENT.source)}`,
    );
  if (parts.length > 3) throw invalid(text, `${JSON.stringify(text)}: cannot parse platform specifier`);

  const named = { os: normalizeOs(os[1] ?? ''), osVersion: os[2] };
  if (second === undefined) return fillIn(text, named, host);
  const [architecture, variant] = normalizeArchitecture(second, third ?? '');
  if (third === undefined) return platformOf(named, architecture, unsaidVariant(architecture, variant));
  return platformOf(named, architecture, variant === '' && architecture === 'arm64' ? 'v8' : variant);
}

/** `os/arch[/variant]`, as Docker prints it. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part).join('/');
}

/** The one spelling of a platform: what two must agree in to be the same. */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, variant] = normalizeArchitecture(platform.architecture, platform.variant ?? '');
  return platformOf({ os: normalizeOs(platform.os), osVersion: platform.osVersion }, architecture, variant);
}

export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b));
}

/** The platform that images for this machine have: containers are Linux wherever Docker runs them in a VM. */
export function hostPlatform(processPlatform: string, processArch: string): Platform {
  const os = processPlatform === 'darwin' || processPlatform === 'win32' ? 'linux' : processPlatform;
  return normalizePlatform({ os, architecture: ARCHITECTURE_OF_NODE[processArch] ?? processArch });
}

/** Platforms that run on `wanted`, best first, normalised. containerd/platforms v1.0, `platformVector`. */
export function platformMatchOrder(wanted: Platform): Platform[] {
  const { os, architecture, variant, osVersion } = normalizePlatform(wanted);
  const named = { os, osVersion };
  const lower = (name: string, from: number, to: number) =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, step) =>
      normalizePlatform(platformOf(named, name, `v${from - step}`)),
    );
  const own = platformOf(named, architecture, variant);
  if (architecture === 'amd64')
    return [own, ...lower('amd64', versionOf(variant) - 1, 1), platformOf(named, '386')];
  if (architecture === 'arm') return [own, ...lower('arm', versionOf(variant) - 1, 5)];
  if (architecture === 'arm64')
    return [
      own,
      ...lowerArm64(variant).map((each) => platformOf(named, 'arm64', each)),
      ...lower('arm', 8, 5),
    ];
  return [own];
}

/**
 * The index of the candidate that suits `wanted` best, the first of equals; -1: none runs there.
 * `unknown/unknown`, as attestations have it, never suits.
 */
export function choosePlatform(wanted: Platform, candidates: readonly (Platform | undefined)[]): number {
  return matchingPlatforms(wanted, candidates)[0] ?? -1;
}

/** The indexes of the candidates that run on `wanted`, best first. */
export function matchingPlatforms(wanted: Platform, candidates: readonly (Platform | undefined)[]): number[] {
  const order = platformMatchOrder(wanted).map(formatPlatform);
  const ranked = candidates.flatMap((candidate, index) => {
    if (candidate === undefined || !osVersionsAgree(wanted, candidate)) return [];
    const rank = order.indexOf(formatPlatform(normalizePlatform(candidate)));
    return rank < 0 ? [] : [{ index, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank || a.index - b.index).map(({ index }) => index);
}

function fillIn(text: string, named: NamedOs, host: Platform): Platform {
  if (KNOWN_OS.has(named.os)) {
    // Docker leaves the variant of a 32-bit ARM host out when it is the usual one.
    const variant = host.architecture === 'arm' && host.variant !== 'v7' ? host.variant : undefined;
    return platformOf(named, host.architecture, variant);
  }
  const [architecture, variant] = normalizeArchitecture(text, '');
  if (KNOWN_ARCHITECTURES.has(architecture))
    return platformOf(
      { os: host.os, osVersion: undefined },
      architecture,
      unsaidVariant(architecture, variant),
    );
  throw invalid(text, `${JSON.stringify(text)}: unknown operating system or architecture`);
}

interface NamedOs {
  readonly os: string;
  readonly osVersion: string | undefined;
}

function platformOf({ os, osVersion }: NamedOs, architecture: string, variant?: string): Platform {
  return { os, architecture, ...(variant ? { variant } : {}), ...(osVersion ? { osVersion } : {}) };
}

/** `arm` alone means any `arm/v7`; the variant that normalising adds is not the user's. */
function unsaidVariant(architecture: string, variant: string): string {
  return architecture === 'arm' && variant === 'v7' ? '' : variant;
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === 'macos' ? 'darwin' : lower;
}

function normalizeArchitecture(text: string, variantText: string): [architecture: string, variant: string] {
  const variant = variantText.toLowerCase();
  const architecture = text.toLowerCase();
  switch (architecture) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? '' : variant];
    case 'aarch64':
    case 'arm64':
      if (['8', 'v8', 'v8.0'].includes(variant)) return ['arm64', ''];
      return ['arm64', ['9', '9.0', 'v9.0'].includes(variant) ? 'v9' : variant];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      return ['arm', variant === '' ? 'v7' : /^[5-8]$/.test(variant) ? `v${variant}` : variant];
    default:
      return [architecture, variant];
  }
}

/** The number in `v3`; 0 where there is none, bounded so that a hostile `v999999999` makes no list. */
function versionOf(variant: string | undefined): number {
  const digits = /^v(\d{1,2})$/.exec(variant ?? '')?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** Arm's rule: v9.x has all of v8.(x+5). The 64-bit variants below `variant`, best first, normalised. */
function lowerArm64(variant: string | undefined): string[] {
  const match = /^v([89])(?:\.(\d))?$/.exec(variant ?? 'v8');
  if (match === null) return [];
  const minor = Number(match[2] ?? 0);
  const down = (major: string, from: number) =>
    Array.from({ length: Math.max(0, from + 1) }, (_, step) => {
      const each = from - step;
      return each > 0 ? `v${major}.${each}` : major === '8' ? '' : `v${major}`;
    });
  return match[1] === '8'
    ? down('8', minor - 1)
    : [...down('9', minor - 1), ...down('8', Math.min(minor + 5, 9))];
}

const WINDOWS_SERVER_2022 = 20348;
const WINDOWS_SERVER_2025 = 26100;

/** Windows containers share the host's kernel, so the builds must fit. containerd/platforms, windows rules. */
function osVersionsAgree(wanted: Platform, candidate: Platform): boolean {
  if (normalizeOs(wanted.os) !== 'windows' || !wanted.osVersion || !candidate.osVersion) return true;
  const [major, minor, build = 0] = wanted.osVersion.split('.').map(Number);
  const [itsMajor, itsMinor, itsBuild = 0] = candidate.osVersion.split('.').map(Number);
  if (major !== itsMajor || minor !== itsMinor) return false;
  if (build < WINDOWS_SERVER_2022) return build === itsBuild;
  const oldest = build >= WINDOWS_SERVER_2025 ? WINDOWS_SERVER_2025 : WINDOWS_SERVER_2022;
  return oldest <= itsBuild && itsBuild <= build;
}

function invalid(text: string, reason: string): WherryError {
  return new WherryError('INVALID_PLATFORM', `${reason}: invalid argument`, {
    hint: 'write os/arch or os/arch/variant, such as linux/amd64 or linux/arm/v7',
    details: { platform: text },
  });
}
