export { decodeHttpResponse, encodeHttpRequest, type HttpResponse } from "./http-framing.ts";
export { isObject, type JsonObject, lookup } from "./json-object.ts";
export { answerVersion } from "./network-config.ts";
export { type PrevIp, parsePrevIps } from "./prev-result.ts";
export {
  type CniVersion,
  isSupportedVersion,
  SUPPORTED_VERSIONS,
  versionAtLeast,
  versionResult,
} from "./protocol-version.ts";
export type { Attachment, CniRequest, Command, PodIdentity } from "./request.ts";
export { decodeRequest } from "./request-decoder.ts";
export type { Dns, IpamResult, Route } from "./result.ts";
export { encodeError, encodeResult, requireRoom } from "./result-encoder.ts";
export {
  DEFAULT_SPOOL_FOLDER,
  decodeSpooledRelease,
  encodeSpooledRelease,
  isSpoolDraftName,
  isSpoolFileName,
  type SpooledRelease,
  type SpoolReading,
  spoolFileName,
} from "./spool.ts";
export {
  encodeTraceLine,
  TRACE_MAX_BYTES,
  type TracedCall,
  type TracedRequest,
  traceControlPath,
  tracePath,
} from "./trace.ts";
export { CNI_ROUTE, DEFAULT_SOCKET_PATH, presencePath, type WireRequest } from "./wire.ts";
