import { writeFile } from "node:fs/promises";

/** `exit(0)` for each machine, as the kernel's system call: nothing runs before it and nothing after. */
const EXIT: Readonly<Record<string, { readonly machine: number; readonly code: readonly number[] }>> = {
  // xor edi, edi; mov eax, 60; syscall
  x64: { machine: 0x3e, code: [0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05] },
  // mov x0, #0; mov x8, #93; svc #0
  arm64: { machine: 0xb7, code: [0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4] },
};

const LOAD_ADDRESS = 0x400000n;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/**
 * Writes the smallest static executable that the kernel starts (elf(5)): the cost of a process that does nothing, which
 * every CNI plugin pays.
 */
export async function writeEmptyExecutable(path: string): Promise<void> {
  const exit = EXIT[process.arch];
  if (exit === undefined)
    throw new Error(`no empty executable for ${process.arch}: known are ${Object.keys(EXIT).join(", ")}`);
  const bytes = Buffer.alloc(HEADER_BYTES + PROGRAM_HEADER_BYTES + exit.code.length);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(bytes);
  writeHeader(bytes, exit.machine);
  writeProgramHeader(bytes);
  Buffer.from(exit.code).copy(bytes, HEADER_BYTES + PROGRAM_HEADER_BYTES);
  await writeFile(path, bytes, { mode: 0o755 });
}

function writeHeader(bytes: Buffer, machine: number): void {
  bytes.writeUInt16LE(2, 16); // e_type: ET_EXEC
  bytes.writeUInt16LE(machine, 18);
  bytes.writeUInt32LE(1, 20); // e_version
  bytes.writeBigUInt64LE(LOAD_ADDRESS + BigInt(HEADER_BYTES + PROGRAM_HEADER_BYTES), 24); // e_entry
  bytes.writeBigUInt64LE(BigInt(HEADER_BYTES), 32); // e_phoff
  bytes.writeUInt16LE(HEADER_BYTES, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  bytes.writeUInt16LE(1, 56); // e_phnum
}

function writeProgramHeader(bytes: Buffer): void {
  const at = HEADER_BYTES;
  bytes.writeUInt32LE(1, at); // p_type: PT_LOAD
  bytes.writeUInt32LE(5, at + 4); // p_flags: read, execute
  bytes.writeBigUInt64LE(LOAD_ADDRESS, at + 16); // p_vaddr
  bytes.writeBigUInt64LE(LOAD_ADDRESS, at + 24); // p_paddr
  bytes.writeBigUInt64LE(BigInt(bytes.length), at + 32);
  bytes.writeBigUInt64LE(BigInt(bytes.length), at + 40);
  bytes.writeBigUInt64LE(0x1000n, at + 48); // p_align
}
