/** What the agent tells the person who runs it; what the cluster should know goes into statuses and events. */

export interface AgentLog {
  readonly info: (message: string) => void;
  readonly warn: (message: string, error?: unknown) => void;
}
