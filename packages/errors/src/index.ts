export { CATALOGUE, type CatalogueEntry, type ErrorCode } from "./catalogue.ts";
export { IpamError } from "./ipam-error.ts";
