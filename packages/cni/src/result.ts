/** A route of a result (CNI spec, "Success result"). */
export interface Route {
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** DNS of a result. */
export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** A successful ADD, before it takes the form of one cniVersion. `address` is in CIDR notation. */
export interface IpamResult {
  readonly ips: readonly { readonly address: string; readonly gateway?: string; readonly family: 4 | 6 }[];
  readonly routes: readonly Route[];
  readonly dns: Dns | undefined;
}
