export { FakeCollection, type FakeObject, type Fate, NO_ANSWER, refusal } from "./fake-collection.ts";
export { ManualClock, settled } from "./manual-clock.ts";
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
