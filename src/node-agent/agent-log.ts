/** What the agent tells the person who runs it; what the cluster should know goes into statuses and events. */

export interface AgentLog {
  readonly info: (message: string) => void;
  readonly warn: (message: string, error?: unknown) => void;
  /** Takes a start that failed, in place of `warn`, for a person who reads the guest's report as well. `vm` is `namespace/name`. */
  readonly startFailed?: (vm: string, message: string, error: unknown) => void;
}
