import { utf8Length } from "./utf8-length.ts";
import { CNI_ROUTE, type WireRequest } from "./wire.ts";

/** An answer as HTTP/1.1 frames it, or why the text is none. */
export type HttpResponse =
  | { readonly kind: "response"; readonly status: number; readonly body: string }
  | { readonly kind: "malformed"; readonly reason: string };

/** The text of the one HTTP/1.1 request that carries `wire`; to be sent as UTF-8 and answered until end of stream. */
export function encodeHttpRequest(wire: WireRequest): string {
  const body = JSON.stringify(wire);
  const head = [
    `POST ${CNI_ROUTE} HTTP/1.1`,
    "Host: cluster-ipam",
    "Content-Type: application/json",
    `Content-Length: ${utf8Length(body)}`,
    "Connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/**
 * Takes an HTTP/1.1 answer apart. `text` is all that came until end of stream, decoded from UTF-8. The answer must say
 * its length: that is what tells a whole one from one that was cut off. Chunks are not understood.
 */
export function decodeHttpResponse(text: string): HttpResponse {
  if (text === "") return malformed("nothing came");
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return malformed("its head does not end");
  const [statusLine = "", ...headers] = text.slice(0, headEnd).split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) return malformed("its first line is no HTTP status line");
  if (headerValues(headers, "transfer-encoding").length > 0) return malformed("it has a transfer encoding");
  const body = text.slice(headEnd + 4);
  const wrongLength = describeWrongLength(headers, body);
  return wrongLength === undefined ? { kind: "response", status: Number(status), body } : malformed(wrongLength);
}

function describeWrongLength(headers: readonly string[], body: string): string | undefined {
  const lengths = headerValues(headers, "content-length");
  const [length] = lengths;
  if (length === undefined || lengths.length > 1 || !/^\d+$/.test(length)) return "it does not say its length";
  const bytes = utf8Length(body);
  return bytes === Number(length) ? undefined : `${bytes} bytes came of ${length}`;
}

function headerValues(headers: readonly string[], name: string): readonly string[] {
  return headers
    .map((header) => header.split(/:(.*)/, 2))
    .filter(([key]) => key?.toLowerCase() === name)
    .map(([, value]) => value?.trim() ?? "");
}

function malformed(reason: string): HttpResponse {
  return { kind: "malformed", reason };
}
