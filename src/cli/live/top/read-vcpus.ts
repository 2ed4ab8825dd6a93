/** The per-vCPU counters of an agent's /metrics. */

export interface VcpuReading {
  readonly namespace: string;
  readonly name: string;
  readonly vcpu: number;
  readonly involuntarySwitches: number;
  readonly runDelaySeconds: number;
}

const metrics = { rtvm_vcpu_involuntary_switches_total: 'involuntarySwitches', rtvm_vcpu_run_delay_seconds_total: 'runDelaySeconds' } as const;

/** @param text in the Prometheus text format; whatever else is in it is passed over. */
export function readVcpus(text: string): readonly VcpuReading[] {
  const readings = new Map<string, VcpuReading>();
  for (const line of text.split('\n')) {
    const match = /^(\w+)\{([^}]*)\} (\S+)/.exec(line);
    const figure = match === null ? undefined : metrics[match[1] as keyof typeof metrics] as (typeof metrics)[keyof typeof metrics] | undefined;
    if (match === null || figure === undefined) continue;
    // Names that the API server has accepted hold no quotes and no backslashes, so values need no unescaping.
    const labels = new Map([...match[2]!.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label!, value!]));
    const [namespace = '', name = '', vcpu = ''] = ['namespace', 'name', 'vcpu'].map((label) => labels.get(label));
    const key = `${namespace}/${name}/${vcpu}`;
    readings.set(key, { ...(readings.get(key) ?? { namespace, name, vcpu: Number(vcpu), involuntarySwitches: 0, runDelaySeconds: 0 }), [figure]: Number(match[3]) });
  }
  return [...readings.values()];
}
