import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeHttpResponse, encodeHttpRequest } from "./http-framing.ts";

const WIRE = { startedAt: "1", env: { CNI_COMMAND: "ADD" }, stdin: '{"name":"lan"}' };

test("a request is one POST that closes the connection", () => {
  const [head, body] = encodeHttpRequest(WIRE).split("\r\n\r\n");
  expect(head?.split("\r\n")).toEqual([
    "POST /v1/cni HTTP/1.1",
    "Host: cluster-ipam",
    "Content-Type: application/json",
    "Content-Length: 74",
    "Connection: close",
  ]);
  expect(JSON.parse(body ?? "")).toEqual(WIRE);
});

test("the length of a request is that of its bytes, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (stdin) => {
      const text = encodeHttpRequest({ ...WIRE, stdin });
      const bodyStart = text.indexOf("\r\n\r\n") + 4;
      const declared = /Content-Length: (\d+)/.exec(text)?.[1];
      expect(Number(declared)).toBe(Buffer.byteLength(text.slice(bodyStart)));
      expect(JSON.parse(text.slice(bodyStart))).toEqual({ ...WIRE, stdin });
    }),
  );
});

describe("an answer", () => {
  test.for([
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}"],
    ["HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, ""],
    ["HTTP/1.0 503 Not now\r\nCONTENT-LENGTH:  6 \r\nDate: 10:00:00\r\n\r\né😀", 503, "é😀"],
    ["HTTP/1.1 400 Bad\r\nContent-Length: 8\r\n\r\na\r\n\r\nb\r\n", 400, "a\r\n\r\nb\r\n"],
  ] as const)("%j is taken apart", ([text, status, body]) => {
    expect(decodeHttpResponse(text)).toEqual({ kind: "response", status, body });
  });

  test.for([
    ["", "nothing came"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 2", "head does not end"],
    ["hello\r\n\r\n", "no HTTP status line"],
    ["HTTP/2 200\r\ncontent-length: 0\r\n\r\n", "no HTTP status line"],
    ["HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n", "no HTTP status line"],
    ["HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n", "no HTTP status line"],
    ["HTTP/1.1 200 OK\r\n\r\n{}", "does not say its length"],
    ["HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}", "does not say its length"],
    ["HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", "does not say its length"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "does not say its length"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", "2 bytes came of 5"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", "2 bytes came of 1"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\né", "2 bytes came of 1"],
    ["HTTP/1.1 200 OK\r\ntransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "transfer encoding"],
  ] as const)("%j is malformed: %s", ([text, reason]) => {
    expect(decodeHttpResponse(text)).toEqual({ kind: "malformed", reason: expect.stringContaining(reason) });
  });

  test("that was cut off anywhere is never taken for a whole one", () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"ips":["é"]}';
    expect(decodeHttpResponse(text).kind).toBe("malformed");
    const whole = text.replace("13", "14");
    expect(decodeHttpResponse(whole).kind).toBe("response");
    for (let end = 0; end < whole.length; end += 1) {
      expect(decodeHttpResponse(whole.slice(0, end)).kind).toBe("malformed");
    }
  });

  test("of any bytes is either taken apart or malformed", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `HTTP/1.1 200 OK\r\n${rest}`),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(decodeHttpResponse(value).kind).toMatch(/^(response|malformed)$/);
      }),
    );
  });
});
