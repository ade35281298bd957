export type { FixedAddressSources } from "./fixed-addresses.ts";
export { readIpamSection, type SectionInput, type SectionReading } from "./ipam-section.ts";
export { checkRouteFamilies, checkRoutes, type Routes } from "./routes.ts";
