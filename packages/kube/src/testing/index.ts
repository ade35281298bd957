export {
  type Answer,
  answerJson,
  answerStatus,
  answerText,
  configSource,
  cutBody,
  GARBAGE,
  HANG,
  HANG_UP,
  type ReceivedRequest,
  ScriptedServer,
  type ScriptedServerOptions,
} from "./scripted-server.ts";
export { type SelfSignedCertificate, selfSignedCertificate } from "./self-signed-certificate.ts";
