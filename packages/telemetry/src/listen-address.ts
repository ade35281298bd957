/** An address to listen on; port 0 is any that is free. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** Reads `<host>:<port>`; an IPv6 address stands in brackets, as in a URL. Undefined where the text is no such thing. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  return host !== undefined && port <= PORT_MAX ? { host, port } : undefined;
}
