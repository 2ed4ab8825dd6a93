/** Why a measurement was refused or given up; nothing that was measured until then is reported. */
export type LatencyProblem =
  | 'MEASURING'
  | 'REALTIME_RUNNING'
  | 'CPUS_TAKEN'
  | 'VM_STARTED'
  | 'TSC_UNSTABLE'
  | 'TSC_UNKNOWN'
  | 'TSC_RATE'
  | 'PROBE_REFUSED'
  | 'PROBE_SILENT'
  | 'PROBE_ENDED'
  | 'PROBE_UNVERIFIED'
  | 'LOAD_UNAVAILABLE'
  | 'TRACING_BUSY'
  | 'TRACING_UNAVAILABLE'
  | 'IMPORT_REFUSED';

export class LatencyError extends Error {
  override readonly name = 'LatencyError';
  readonly code: LatencyProblem;
  constructor(code: LatencyProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
