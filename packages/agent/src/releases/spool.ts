import type { SpooledRelease } from "@cluster-ipam/cni";

/** A file of the spool that holds a release. */
export interface SpooledFile {
  readonly name: string;
  readonly release: SpooledRelease;
}

/** As many releases as are read without letting other work come in between. */
export interface SpoolSlice {
  readonly files: readonly SpooledFile[];
  /** Whether there were no more. */
  readonly isLast: boolean;
}

/** Where releases outlive the process that owes them: one file for each, written by the plugin or by the agent. */
export interface Spool {
  /**
   * The next releases, in the order of the names, but those whose name `isKnown`. What is no release is set aside; what
   * cannot be read is left. Never throws: the log is told.
   */
  read(isKnown: (name: string) => boolean): SpoolSlice;
  /** Makes the file of that name, which is on the disk then. Rejects with the error of the file system; there is none then. */
  write(file: SpooledFile): Promise<void>;
  /** Removes the file, or finds it gone. @throws the error of the file system */
  remove(name: string): void;
}
