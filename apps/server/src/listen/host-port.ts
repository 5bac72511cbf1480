const MAX_PORT = 65_535;

export interface HostPort {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Reads `host:port`, `:port` for every address of the machine, `[::1]:port`. */
export function readAddress(text: string): HostPort | { readonly problem: string } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > MAX_PORT)
    return { problem: `invalid address ${JSON.stringify(text)}: want HOST:PORT, such as 127.0.0.1:5000` };
  return { host: (match[1] ?? match[2]) || '0.0.0.0', port };
}
