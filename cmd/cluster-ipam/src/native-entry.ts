import { type Host, runPlugin } from "@cluster-ipam/plugin";

/**
 * Runs one call; what the native program calls, see native/src/engine.rs.
 *
 * @param native - the program's own host. It takes only text that UTF-8 has bytes for, so lone surrogates are replaced
 *   here, by U+FFFD as in Node.
 * @returns the exit status.
 */
export function run(native: Host): Promise<number> {
  return runPlugin({
    ...native,
    exchange: (call) => native.exchange({ ...call, request: call.request.toWellFormed() }),
    write: (stream, text) => native.write(stream, text.toWellFormed()),
    writeFile: (path, text) => native.writeFile(path, text.toWellFormed()),
    appendFile: (path, text, maxBytes) => native.appendFile(path, text.toWellFormed(), maxBytes),
  });
}
