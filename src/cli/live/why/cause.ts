/** One thing that stands in a VM's or a node's way, and what a person does about it. */
export interface Cause {
  /** Stable, for programs. */
  readonly reason: string;
  readonly message: string;
  readonly remedy?: string | undefined;
}
