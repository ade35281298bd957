import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate that signs itself, so that it is its own authority; PEM. */
export interface SelfSignedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** DER tags (ITU-T X.690). */
const TAG = {
  integer: 2,
  bitString: 3,
  octetString: 4,
  oid: 6,
  utf8String: 12,
  utcTime: 23,
  sequence: 48,
  set: 49,
} as const;
/** Tags that RFC 5280 gives the parts of a certificate. */
const CONTEXT = { version: 0xa0, extensions: 0xa3, dnsName: 0x82, ipAddress: 0x87 } as const;
/** Object identifiers, DER-encoded, in hex. */
const OID = { ecdsaWithSha256: "2a8648ce3d040302", commonName: "550403", subjectAltName: "551d11" } as const;
const VERSION_3 = 2;
const VALID = { from: "250101000000Z", until: "491231235959Z" } as const;
const LOCALHOST = Buffer.from([127, 0, 0, 1]);

/** Makes a certificate for 127.0.0.1 and for `dnsName`, on the curve P-256 (RFC 5280). */
export function selfSignedCertificate(dnsName: string): SelfSignedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = toBeSigned(dnsName, publicKey.export({ type: "spki", format: "der" }));
  const signature = sign("sha256", body, privateKey);
  const der = sequence(body, algorithm(), node(TAG.bitString, Buffer.from([0]), signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const cert = ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function toBeSigned(dnsName: string, publicKey: Buffer): Buffer {
  const subject = sequence(node(TAG.set, sequence(oid(OID.commonName), node(TAG.utf8String, Buffer.from(dnsName)))));
  const names = sequence(node(CONTEXT.dnsName, Buffer.from(dnsName)), node(CONTEXT.ipAddress, LOCALHOST));
  const extension = sequence(oid(OID.subjectAltName), node(TAG.octetString, names));
  return sequence(
    node(CONTEXT.version, integer(VERSION_3)),
    integer(1),
    algorithm(),
    subject,
    sequence(node(TAG.utcTime, Buffer.from(VALID.from)), node(TAG.utcTime, Buffer.from(VALID.until))),
    subject,
    publicKey,
    node(CONTEXT.extensions, sequence(extension)),
  );
}

function algorithm(): Buffer {
  return sequence(oid(OID.ecdsaWithSha256));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return node(TAG.sequence, ...parts);
}

function oid(hex: string): Buffer {
  return node(TAG.oid, Buffer.from(hex, "hex"));
}

function integer(value: number): Buffer {
  return node(TAG.integer, Buffer.from([value]));
}

function node(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  return size < 0x100 ? Buffer.from([0x81, size]) : Buffer.from([0x82, size >> 8, size & 0xff]);
}
